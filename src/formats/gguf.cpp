#include "formats/gguf.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.hpp"
#include "formats/gguf_values.hpp"

namespace realizar::formats {
namespace {

template <class T>
constexpr bool is_integer = std::integral<T> && !std::same_as<T, bool>;

template <class To>
constexpr const char* wanted() {
  if constexpr (std::same_as<To, bool>) return "a bool";
  if constexpr (is_integer<To>) return "an integer";
  if constexpr (std::floating_point<To>) return "a float";
  return "a string";
}

/// Whether a value held as From may be asked for as To.
template <class From, class To>
constexpr bool converts = std::same_as<From, To> || (is_integer<From> && is_integer<To>) ||
                          (std::floating_point<From> && std::floating_point<To>);

/// The values of an entry as T; `gguf` names it in errors.
template <class T, class Visit>
void convert_values(const Gguf& gguf, const Metadata& entry, Visit visit) {
  for_each_value(entry, entry.count, [&]<class From>(From value) {
    if constexpr (converts<From, T>) {
      if constexpr (is_integer<T>)
        if (!std::in_range<T>(value))
          fail(ErrorKind::invalid_file, gguf.where(entry), " holds ", +value, "; a value from ",
               +std::numeric_limits<T>::lowest(), " to ", +std::numeric_limits<T>::max(), " is needed");
      visit(static_cast<T>(value));
    } else {
      fail(ErrorKind::invalid_file, gguf.where(entry), " is of type ", to_string(entry.type),
           entry.is_array ? " array" : "", "; ", wanted<T>(), entry.is_array ? " array" : "", " is needed");
    }
  });
}

}  // namespace

Gguf::Gguf(std::span<const std::byte> bytes, std::string source) : Gguf(parse_gguf(bytes, source), source) {}

Gguf::Gguf(GgufContents contents, std::string source)
    : contents_(std::move(contents)), sources_{std::move(source)} {
  index_names();
}

Gguf Gguf::join(std::vector<Gguf> parts) {
  Gguf whole = std::move(parts.front());
  for (size_t part = 1; part < parts.size(); ++part) {
    for (TensorInfo tensor : parts[part].contents_.tensors) {
      tensor.part = static_cast<uint32_t>(part);
      whole.contents_.tensors.push_back(tensor);
    }
    whole.sources_.push_back(std::move(parts[part].sources_.front()));
  }
  whole.index_names();
  if (const auto same = whole.tensor_index_.find_duplicate()) {
    const TensorInfo& first = whole.tensors()[same->first];
    fail(ErrorKind::invalid_file, whole.where(whole.tensors()[same->second]),
         " is a duplicate of the tensor at offset ", first.entry_offset, " of ", whole.source(first.part));
  }
  return whole;
}

void Gguf::index_names() {
  metadata_index_ = NameIndex(contents_.metadata, [](const Metadata& entry) { return entry.key; });
  tensor_index_ = NameIndex(contents_.tensors, [](const TensorInfo& tensor) { return tensor.name; });
}

const Metadata* Gguf::find(std::string_view key) const {
  const auto index = metadata_index_.find(key);
  return index ? &metadata()[*index] : nullptr;
}

const TensorInfo* Gguf::find_tensor(std::string_view name) const {
  const auto index = tensor_index_.find(name);
  return index ? &tensors()[*index] : nullptr;
}

std::string Gguf::where(const Metadata& entry) const {
  return concat(source(), ": key ", quoted(entry.key), " at offset ", entry.offset);
}

std::string Gguf::where(const TensorInfo& tensor) const {
  return concat(source(tensor.part), ": tensor ", quoted(tensor.name), " at offset ", tensor.entry_offset);
}

std::string Gguf::where(std::string_view key) const {
  if (const Metadata* entry = find(key)) return where(*entry);
  return concat(source(), ": key ", quoted(key));
}

std::string Gguf::not_given(std::string_view key) const {
  return where(key) + (find(key) ? " is zero or -1, which stands for none" : " is missing");
}

const Metadata& Gguf::at(std::string_view key) const {
  const Metadata* entry = find(key);
  if (!entry) fail(ErrorKind::invalid_file, where(key), " is missing, and the model needs it");
  return *entry;
}

template <MetadataValue T>
T Gguf::get(std::string_view key) const {
  const Metadata& entry = at(key);
  if (entry.is_array)
    fail(ErrorKind::invalid_file, where(entry), " is an array; ", wanted<T>(), " is needed");
  T result{};
  convert_values<T>(*this, entry, [&](T value) { result = value; });
  return result;
}

template <MetadataValue T>
std::vector<T> Gguf::get_array(std::string_view key) const {
  const Metadata& entry = at(key);
  if (!entry.is_array)
    fail(ErrorKind::invalid_file, where(entry), " is of type ", to_string(entry.type),
         "; an array is needed");
  std::vector<T> result;
  result.reserve(entry.count);
  convert_values<T>(*this, entry, [&](T value) { result.push_back(value); });
  return result;
}

template <MetadataValue T>
std::vector<T> Gguf::get_repeated(std::string_view key, size_t count) const {
  const Metadata& entry = at(key);
  if (!entry.is_array) return std::vector<T>(count, get<T>(key));
  if (entry.count != count)
    fail(ErrorKind::invalid_file, where(entry), " has ", entry.count, " elements; ", count, " are needed");
  return get_array<T>(key);
}

int64_t Gguf::get_whole(std::string_view key) const {
  const Metadata* entry = find(key);
  if (!entry) return 0;
  if (entry->type == GgufType::u64 && !entry->is_array) {
    const auto value = get<uint64_t>(key);
    return value == UINT64_MAX ? 0 : static_cast<int64_t>(std::min<uint64_t>(value, INT64_MAX));
  }
  const auto value = get<int64_t>(key);
  return value == -1 || value == int64_t{UINT32_MAX} ? 0 : value;
}

#define INSTANTIATE(T)                                                \
  template T Gguf::get<T>(std::string_view) const;                    \
  template std::vector<T> Gguf::get_array<T>(std::string_view) const; \
  template std::vector<T> Gguf::get_repeated<T>(std::string_view, size_t) const;
INSTANTIATE(bool)
INSTANTIATE(uint8_t)
INSTANTIATE(int8_t)
INSTANTIATE(uint16_t)
INSTANTIATE(int16_t)
INSTANTIATE(uint32_t)
INSTANTIATE(int32_t)
INSTANTIATE(uint64_t)
INSTANTIATE(int64_t)
INSTANTIATE(float)
INSTANTIATE(double)
INSTANTIATE(std::string_view)
#undef INSTANTIATE

}  // namespace realizar::formats
