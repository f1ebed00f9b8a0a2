#include "gpu/plan/norm_recorder.hpp"

#include <algorithm>

#include "base/quotient.hpp"

namespace realizar::gpu {

using namespace fusion;
using webgpu::Access;
using webgpu::Kernel;

namespace {

std::string norm_constants(const Norm& op) {
  return constant("is_layer", op.kind == NormKind::layer) + constant("has_weight", !!op.weight) +
         constant("has_bias", !!op.bias);
}

/// A workgroup a token, whose threads have four columns each in so many rounds.
template <class Arguments>
void quantise_rows(BatchRecording& batch, const char* name, const char* norm_text, std::string constants,
                   const Arguments& arguments, ProductInput& input, int block) {
  const int most_threads = std::min(1024, batch.memory.most_threads) / 64 * 64;
  const auto rounds = static_cast<int>(quotient_up(input.n_cols, most_threads * 4));
  constants += constant("out_block", block) +
               constant("threads", quotient_up(input.n_cols, rounds * webgpu::step_columns) * 64);
  const Kernel& kernel = batch.kernel(
      concat(name, " ", rounds, " ", constants), name, constants, {norm_text, "int8", "quantize_step"},
      {Access::read, Access::read, Access::write, Access::write}, sizeof(arguments), {{"rounds", rounds}});
  input.tokens =
      std::make_shared<const GpuTokens>(batch.memory.products.room(input.n_tokens, input.n_cols, block));
  input.prepared = block;
  batch.recorded.dispatch(kernel,
                          {batch.activations(), batch.memory.weights.vectors(), input.tokens->codes.binding(),
                           input.tokens->chunks.binding()},
                          arguments, {static_cast<uint32_t>(input.n_tokens), 1, 1});
}

}  // namespace

void record_norm(BatchRecording& batch, const Norm& op, View out) {
  const GpuWeights& weights = batch.memory.weights;
  const auto run_stride = [&](WeightId id) {
    return weights.values(id).size() > static_cast<size_t>(op.width) ? static_cast<uint32_t>(op.width) : 0u;
  };
  struct {
    View input, out, weight, bias;
    uint32_t width;
    float epsilon;
  } const arguments{batch.view(op.in),
                    out,
                    {weights.vector_at(op.weight), run_stride(op.weight)},
                    {weights.vector_at(op.bias), run_stride(op.bias)},
                    static_cast<uint32_t>(op.width),
                    op.epsilon};
  const int64_t threads =
      std::min<int64_t>({1024, batch.memory.most_threads / 32 * 32, quotient_up(op.width, 32) * 32});
  const std::string constants = norm_constants(op) + constant("threads", threads);
  const Kernel& kernel = batch.kernel("norm " + constants, "norm", constants, {"norm_factor"},
                                      {Access::write, Access::read}, sizeof(arguments));
  batch.recorded.dispatch(
      kernel, {batch.activations(), weights.vectors()}, arguments,
      {static_cast<uint32_t>(op.in.width / op.width), static_cast<uint32_t>(batch.n_tokens), 1});
}

void record_quantised_norm(BatchRecording& batch, const Norm& op, ProductInput& input, int block) {
  const GpuWeights& weights = batch.memory.weights;
  const auto n_cols = static_cast<uint32_t>(input.n_cols),
             n_steps = static_cast<uint32_t>(webgpu::steps_of(input.n_cols));
  if (is_late(op)) {
    const LateNorm norm = late_norm(weights, op);
    struct {
      View input;
      LateNorm::Arguments norm;
    } const arguments{input.x, norm.arguments()};
    quantise_rows(
        batch, "rms_quantize", "late_norm",
        constant("n_cols", n_cols) + constant("n_steps", n_steps) + constant("has_weight", norm.has_weight),
        arguments, input, block);
    return;
  }
  struct {
    View input;
    uint32_t weight_at, bias_at, n_cols, n_steps;
    float epsilon;
  } const arguments{input.x,   weights.vector_at(op.weight), weights.vector_at(op.bias), n_cols, n_steps,
                    op.epsilon};
  quantise_rows(batch, "norm_quantize", "norm_factor", norm_constants(op), arguments, input, block);
}

bool is_late(const Norm& norm) {
  constexpr int most_width = 8192;  // whose squares workgroups have memory for
  return norm.kind == NormKind::rms && !norm.bias && norm.width <= most_width;
}

LateNorm late_norm(const GpuWeights& weights, const Norm& norm) {
  return {static_cast<bool>(norm.weight), weights.vector_at(norm.weight),
          1.0f / static_cast<float>(norm.width), norm.epsilon};
}

}  // namespace realizar::gpu
