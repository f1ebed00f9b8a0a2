#include "model/model.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "fusion/buffer_placement.hpp"
#include "model/architectures/traits.hpp"
#include "model/kv_pages.hpp"
#include "model/plan_builder.hpp"
#include "tensor/matrix.hpp"

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
                               int max_batch_tokens, fusion::Arithmetic arithmetic) {
  MemoryEstimate estimate;
  for (const fusion::Weight& w : plan.weights)
    estimate.weights +=
        w.n_rows > 1 ? tensor::Matrix::packed_bytes(w.type, w.n_rows, w.n_cols, w.n_matrices, arithmetic)
                     : static_cast<uint64_t>(w.n_cols * w.n_matrices) * sizeof(float);
  const auto pages = static_cast<uint64_t>((n_context + fusion::page_positions - 1) / fusion::page_positions);
  estimate.kv = pages * kv_page_bytes(plan.kv, kv_type);
  const auto widths = static_cast<uint64_t>(fusion::place_buffers(fusion::fuse(plan)).width);
  estimate.activations =
      (widths * static_cast<uint64_t>(max_batch_tokens) + static_cast<uint64_t>(plan.n_vocab)) *
      sizeof(float);
  return estimate;
}

}  // namespace realizar::model
