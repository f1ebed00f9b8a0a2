#include "model/model.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "model/architectures/traits.hpp"
#include "model/plan_builder.hpp"

namespace realizar::model {
namespace {

const Traits& find_traits(const formats::Gguf& file) {
  const std::string key = "general.architecture";
  const std::string_view name = file.get_string(key);
  std::string known;
  for (const Traits& traits : all_traits()) {
    if (name == traits.architecture) return traits;
    known += (known.empty() ? "" : ", ") + std::string(traits.architecture);
  }
  fail(ErrorKind::unsupported, file.where(*file.find(key)), " is ", formats::quoted(name),
       ", which is not known; known are ", known);
}

constexpr int context_step = 256;

}  // namespace

Model load_model(const formats::Gguf& file, const ModelOptions& options) {
  const Traits& traits = find_traits(file);
  Model model;
  model.hyperparameters = read_hyperparameters(file, traits.architecture);
  const Hyperparameters& hp = model.hyperparameters;
  PlanBuilder builder(file, hp);
  const auto build = traits.build ? traits.build : build_decoder;
  // Rounded as the engines round that the files are published for; it shows only in models of a shorter
  // context.
  const int n_context = options.n_context > 0 ? options.n_context : hp.n_context;
  build(builder, hp, traits, (n_context + context_step - 1) / context_step * context_step);
  model.plan = builder.take();
  return model;
}

MemoryEstimate estimate_memory(const fusion::Plan& plan, int n_context, fusion::KvType kv_type,
                               int max_batch_tokens) {
  MemoryEstimate estimate;
  for (const fusion::Weight& weight : plan.weights) estimate.weights += weight.data.size();
  uint64_t columns = 0;  // of keys and values, all layers together
  for (const fusion::KvShape& kv : plan.kv)
    columns += static_cast<uint64_t>(kv.n_kv_heads) * static_cast<uint64_t>(kv.key_dim + kv.value_dim);
  const auto pages = static_cast<uint64_t>((n_context + fusion::page_positions - 1) / fusion::page_positions);
  const uint64_t elements = pages * fusion::page_positions * columns;
  switch (kv_type) {
    case fusion::KvType::f32:
      estimate.kv = elements * 4;
      break;
    case fusion::KvType::f16:
      estimate.kv = elements * 2;
      break;
    case fusion::KvType::q8_0:
      estimate.kv = elements / 32 * 34;
      break;
  }
  // Buffers of different layers share memory, so a layer's share of them is what lives at once.
  uint64_t widths = 0, widest = 0;
  for (const int width : plan.buffer_widths) {
    widths += static_cast<uint64_t>(width);
    widest = std::max(widest, static_cast<uint64_t>(width));
  }
  const uint64_t layers = std::max<uint64_t>(1, plan.kv.size());
  estimate.activations = (widths / layers + widest) * static_cast<uint64_t>(max_batch_tokens) * 4 +
                         static_cast<uint64_t>(plan.n_vocab) * 4;
  return estimate;
}

}  // namespace realizar::model
