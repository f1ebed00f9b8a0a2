#include "gpu/plan/expert_recorder.hpp"

#include "gpu/plan/product_recorder.hpp"

namespace realizar::gpu {

using namespace fusion;
using webgpu::Access;

void record_route(BatchRecording& batch, const Route& op) {
  struct {
    View scores, experts, weights;
    uint32_t bias_at;
    float scale;
  } const arguments{batch.view(op.scores), batch.view(op.experts), batch.view(op.weights),
                    batch.memory.weights.vector_at(op.selection_bias), op.scale};
  const std::string constants =
      constant("n_experts", op.scores.width) + constant("n_used", op.experts.width) +
      constant("gating", static_cast<int>(op.gating)) + constant("has_bias", !!op.selection_bias) +
      constant("n_groups", op.n_groups) + constant("n_used_groups", op.n_used_groups) +
      constant("normalise", op.normalise);
  const webgpu::Kernel& kernel = batch.kernel("route " + constants, "route", constants, {},
                                              {Access::write, Access::read}, sizeof(arguments));
  batch.recorded.dispatch(kernel, {batch.activations(), batch.memory.weights.vectors()}, arguments,
                          {static_cast<uint32_t>(batch.n_tokens), 1, 1});
}

namespace {

/// Tokens that share an expert share the load of its weights; bits do not depend on that.
void group(BatchRecording& batch, int64_t n_experts, MatrixChoice& choice) {
  const int64_t n_pairs = batch.n_tokens * choice.count;
  const View pairs = batch.memory.buffers.scratch(3, 1);
  struct {
    View chosen;
    uint32_t pairs_at, lots_at, n_pairs;
  } const arguments{choice.chosen, pairs.at, pairs.at + static_cast<uint32_t>(n_pairs),
                    static_cast<uint32_t>(n_pairs)};
  const std::string constants = constant("n_experts", n_experts) + constant("n_used", choice.count) +
                                constant("tokens", MatrixChoice::lot_tokens);
  batch.recorded.dispatch(batch.kernel("group_by_expert " + constants, "group_by_expert", constants, {},
                                       {Access::write}, sizeof(arguments)),
                          {batch.activations()}, arguments, {1, 1, 1});
  choice.kind = MatrixChoice::Kind::grouped;
  choice.chosen = pairs;
  choice.lots_at = arguments.lots_at;
  choice.most_lots = n_pairs / MatrixChoice::lot_tokens + n_experts;
}

}  // namespace

void record_experts(BatchRecording& batch, const Experts& op) {
  const GpuWeights& weights = batch.memory.weights;
  const int n_used = op.experts.width;
  const auto n_hidden = static_cast<int>(batch.memory.plan.weight(op.up).n_rows);
  const int64_t n_experts = batch.memory.plan.weight(op.up).n_matrices;
  MatrixChoice choice{MatrixChoice::Kind::chosen, n_used, n_hidden, batch.view(op.experts)};
  // Where an expert has several tokens, and there are not more lots than pairs.
  if (batch.n_tokens * n_used >= 2 * n_experts) group(batch, n_experts, choice);
  const auto multiply = [&](ProductInput& input, WeightId weight, View out, const ProductEpilogue& epilogue) {
    record_product(batch, input, weights.matrix(weight), batch.activations(), out, epilogue, choice);
  };
  // A gate meets the other product, in its place, as that is finished.
  const View hidden = batch.memory.buffers.scratch(0, n_used * n_hidden),
             results = batch.memory.buffers.scratch(1, n_used * op.out.width);
  ProductInput input{batch.view(op.in), batch.n_tokens, op.in.width};
  // Or one kernel makes both.
  const bool is_one = op.gate && weights.n_together(op.gate) == 2;
  if (op.gate && !is_one)
    multiply(input, op.gate, hidden, product_epilogue(weights, op.gate_scale, op.gate_bias));
  ProductEpilogue activate = product_epilogue(weights, op.up_scale, op.up_bias);
  activate.kind = op.gate ? ProductEpilogue::Kind::gate_other : ProductEpilogue::Kind::activate_alone;
  activate.activation = op.activation;
  activate.other = hidden;
  multiply(input, is_one ? op.gate : op.up, hidden, activate);

  choice.n_rows = op.out.width;
  ProductInput each{hidden, batch.n_tokens, n_hidden, {n_used, static_cast<uint32_t>(n_hidden)}};
  multiply(each, op.down, results, product_epilogue(weights, op.down_scale, op.down_bias));
  struct {
    View y, weights, out;
    uint32_t n_cols, n_used;
  } const arguments{results, batch.view(op.weights), batch.view(op.out), static_cast<uint32_t>(op.out.width),
                    static_cast<uint32_t>(n_used)};
  batch.recorded.dispatch(
      batch.kernel("sum_experts", "sum_experts", {}, {}, {Access::write}, sizeof(arguments)),
      {batch.activations()}, arguments, batch.threads(op.out.width));
}

}  // namespace realizar::gpu
