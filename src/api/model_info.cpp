#include "api/model_info.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <variant>

#include "api/options.hpp"
#include "base/error.hpp"
#include "formats/gguf_file.hpp"
#include "formats/gguf_summary.hpp"
#include "model/model.hpp"

namespace realizar {
namespace {

constexpr uint64_t shown_values = 64;
constexpr int longest_default_context = 8192;

std::string to_text(const formats::PlainValue& value) {
  return std::visit(
      [](auto v) -> std::string {
        using T = decltype(v);
        if constexpr (std::is_same_v<T, bool>) return v ? "true" : "false";
        if constexpr (std::is_same_v<T, std::string_view>) return std::string(v);
        if constexpr (std::is_same_v<T, double>) {
          char text[40];
          std::snprintf(text, sizeof text, "%.9g", v);
          return text;
        }
        return concat(v);
      },
      value);
}

MetadataEntry describe(const formats::Metadata& entry) {
  MetadataEntry result{std::string(entry.key), formats::to_string(entry.type), entry.count, {}};
  if (entry.is_array) result.type = "array of " + result.type;
  for (const formats::PlainValue& value : formats::plain_values(entry, shown_values))
    result.values.push_back(to_text(value));
  return result;
}

// The first value of a key that may be one number or one a layer; 0 when it is neither, or -1.
int first_number(const formats::Gguf& gguf, const std::string& key) {
  const formats::Metadata* entry = gguf.find(key);
  if (!entry) return 0;
  const auto values = formats::plain_values(*entry, 1);
  if (values.empty()) return 0;
  constexpr int64_t most = std::numeric_limits<int>::max();
  if (const auto* value = std::get_if<uint64_t>(&values[0]))
    return *value == UINT32_MAX || *value == UINT64_MAX
               ? 0
               : static_cast<int>(std::min(*value, static_cast<uint64_t>(most)));
  if (const auto* value = std::get_if<int64_t>(&values[0]))
    return static_cast<int>(std::clamp<int64_t>(*value, 0, most));
  return 0;
}

MemoryEstimate estimate(const fusion::Plan& plan, const ModelShape& shape, const LoadOptions& options) {
  const int n_context = choose_context(options, shape);
  const model::MemoryEstimate memory = model::estimate_memory(
      plan, n_context, to_fusion(options.kv_type), options.max_batch_tokens, to_fusion(options.arithmetic));
  return {.n_context = n_context,
          .weights = memory.weights,
          .kv_cache = memory.kv * static_cast<uint64_t>(options.n_streams),
          .activations = memory.activations};
}

}  // namespace

ModelShape read_shape(const formats::Gguf& gguf, std::string_view architecture) {
  const auto number = [&](const char* key) { return first_number(gguf, concat(architecture, ".", key)); };
  ModelShape shape;
  shape.architecture = std::string(architecture);
  shape.n_layers = number("block_count");
  shape.n_embd = number("embedding_length");
  shape.n_heads = number("attention.head_count");
  shape.n_kv_heads = number("attention.head_count_kv");
  if (shape.n_kv_heads == 0) shape.n_kv_heads = shape.n_heads;
  shape.n_experts = number("expert_count");
  shape.n_experts_used = number("expert_used_count");
  shape.n_context_train = number("context_length");
  if (const formats::TensorInfo* embedding = gguf.find_tensor("token_embd.weight"))
    shape.n_vocab =
        static_cast<int>(std::min<uint64_t>(embedding->shape[1], std::numeric_limits<int>::max()));
  return shape;
}

int choose_context(const LoadOptions& options, const ModelShape& shape) {
  return options.n_context > 0 ? options.n_context : std::min(shape.n_context_train, longest_default_context);
}

FileInfo inspect(const std::filesystem::path& path, const LoadOptions& options) {
  const formats::GgufFile file = formats::GgufFile::open(path.string());
  const formats::Gguf& gguf = file.gguf();
  const formats::GgufSummary summary = formats::summarize(gguf);
  FileInfo info;
  info.path = path;
  info.version = gguf.version();
  info.bytes = file.size();
  info.parameters = summary.parameters;
  info.name = std::string(summary.name);
  for (const formats::Metadata& entry : gguf.metadata()) info.metadata.push_back(describe(entry));
  for (const formats::TensorInfo& tensor : gguf.tensors()) {
    info.tensors.push_back({std::string(tensor.name),
                            kernels::info(tensor.type).name,
                            {tensor.shape.begin(), tensor.shape.begin() + tensor.n_dims},
                            tensor.n_bytes});
    info.n_parts = std::max(info.n_parts, static_cast<int>(tensor.part) + 1);
  }
  if (gguf.tensors().empty()) return info;
  if (!summary.architecture.empty()) info.shape = read_shape(gguf, summary.architecture);
  try {
    const model::Model model = model::load_model(gguf, {.n_context = options.n_context});
    if (info.shape) {
      info.shape->n_context_train = model.hyperparameters.n_context;
      if (choose_context(options, *info.shape) > 0) info.memory = estimate(model.plan, *info.shape, options);
    }
  } catch (const Error& error) {
    info.problem = error.what();
  }
  return info;
}

}  // namespace realizar
