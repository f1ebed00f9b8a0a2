#include "formats/gguf_summary.hpp"

#include <algorithm>
#include <concepts>
#include <map>
#include <utility>

#include "formats/gguf_values.hpp"

namespace realizar::formats {
namespace {

// A summary shows what is there; whether a key has the right type is for those who need it.
std::string_view string_or_empty(const Gguf& gguf, std::string_view key) {
  const Metadata* entry = gguf.find(key);
  if (!entry || entry->is_array || entry->type != GgufType::string) return {};
  return gguf.get_string(key);
}

PlainValue plain(std::string_view value) { return value; }
PlainValue plain(bool value) { return value; }
PlainValue plain(std::signed_integral auto value) { return static_cast<int64_t>(value); }
PlainValue plain(std::unsigned_integral auto value) { return static_cast<uint64_t>(value); }
PlainValue plain(std::floating_point auto value) { return static_cast<double>(value); }

}  // namespace

GgufSummary summarize(const Gguf& gguf) {
  GgufSummary summary{};
  summary.architecture = string_or_empty(gguf, "general.architecture");
  summary.name = string_or_empty(gguf, "general.name");
  std::map<TensorType, TypeSummary> types;
  for (const TensorInfo& tensor : gguf.tensors()) {
    TypeSummary& type = types[tensor.type];
    type.type = tensor.type;
    ++type.tensors;
    type.elements += tensor.n_elements();
    type.bytes += tensor.n_bytes;
    summary.parameters += tensor.n_elements();
    summary.tensor_bytes += tensor.n_bytes;
  }
  summary.tensors = gguf.tensors().size();
  for (const auto& [type, row] : types) summary.by_type.push_back(row);
  std::stable_sort(summary.by_type.begin(), summary.by_type.end(),
                   [](const TypeSummary& a, const TypeSummary& b) { return a.bytes > b.bytes; });
  return summary;
}

std::vector<PlainValue> plain_values(const Metadata& entry, uint64_t limit) {
  std::vector<PlainValue> values;
  for_each_value(entry, limit, [&](auto value) { values.push_back(plain(value)); });
  return values;
}

}  // namespace realizar::formats
