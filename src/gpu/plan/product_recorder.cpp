#include "gpu/plan/product_recorder.hpp"

namespace realizar::gpu {

using webgpu::Access;
using webgpu::Binding;

namespace {

/// One product, by the kind of its weight.
struct RecordProduct {
  BatchRecording& batch;
  ProductInput& input;
  const Binding& numbers;
  View out;
  const ProductEpilogue& epilogue;
  const MatrixChoice& choice;
  const Peaks& peaks;

  void operator()(const GpuMatrix& weights) const {
    if (input.peaks.buffer.buffer)
      return batch.memory.products.multiply(batch.recorded,
                                            {input.x.at, input.n_cols, input.peaks, input.norm}, weights,
                                            numbers, out, epilogue, choice, peaks);
    const int block = weights.layout().block;
    if (input.prepared != block) {
      input.tokens = std::make_shared<const GpuTokens>(batch.memory.products.quantize(
          batch.recorded, batch.activations(), input.x, input.n_tokens, input.n_cols, block, input.heads));
      input.prepared = block;
    }
    batch.memory.products.multiply(batch.recorded, *input.tokens, weights, numbers, out, epilogue, choice,
                                   peaks);
  }

  void operator()(const GpuDenseMatrix& weights) const {
    if (input.prepared != 0) copy_rows();
    input.prepared = 0;
    const bool is_one = choice.kind == MatrixChoice::Kind::one, own_inputs = input.heads.count > 1;
    constexpr int64_t rows_at_once = 8;
    const int at_once = choice.kind == MatrixChoice::Kind::grouped ? MatrixChoice::lot_tokens
                        : choice.kind == MatrixChoice::Kind::chosen || input.n_tokens == 1 ? 1
                        : input.n_tokens <= 4                                              ? 4
                                                                                           : 8;
    const int number = weights.number();
    for (const GpuDenseMatrix::Part& part : weights.parts()) {
      // Results of several matrices count from the first row of each.
      const int64_t n_rows = is_one ? part.n_rows : choice.n_rows;
      const auto first_row = is_one ? static_cast<uint32_t>(part.first_row) : 0;
      struct {
        uint32_t n_rows, n_cols, row_units, n_tokens, first_row, part_rows;
        View out;
        ProductEpilogue::Arguments epilogue;
        MatrixChoice::Arguments choice;
      } const arguments{static_cast<uint32_t>(n_rows),
                        static_cast<uint32_t>(weights.n_cols()),
                        static_cast<uint32_t>(weights.row_units()),
                        static_cast<uint32_t>(input.n_tokens),
                        is_one ? 0 : static_cast<uint32_t>(part.first_row),
                        static_cast<uint32_t>(part.n_rows),
                        {out.at + first_row, out.stride},
                        epilogue.arguments(first_row),
                        choice.arguments(first_row)};
      const webgpu::Kernel& kernel = batch.kernel(
          concat("dense_product ", number, " ", at_once, " ", epilogue.key(), " ", choice.key(own_inputs)),
          "dense_product",
          constant("number", number) + constant("tokens", at_once) + constant("group_rows", rows_at_once) +
              epilogue.text() + choice.text(own_inputs),
          {"dense_number"}, {Access::read, Access::read, Access::write, Access::read}, sizeof(arguments));
      batch.recorded.dispatch(
          kernel, {part.buffer.binding(), batch.memory.dense_rows, numbers, batch.memory.weights.vectors()},
          arguments, choice.groups(n_rows, rows_at_once, input.n_tokens, at_once));
    }
  }

  void copy_rows() const {
    struct {
      View input;
      uint32_t n_cols, head_stride;
    } const arguments{input.x, static_cast<uint32_t>(input.n_cols), input.heads.stride};
    webgpu::Workgroups groups = batch.threads(input.n_cols);
    groups.y = static_cast<uint32_t>(input.n_tokens);
    groups.z = static_cast<uint32_t>(input.heads.count);
    batch.recorded.dispatch(
        batch.kernel("copy_rows", "copy_rows", {}, {}, {Access::write, Access::write}, sizeof(arguments)),
        {batch.activations(), batch.memory.dense_rows}, arguments, groups);
  }
};

}  // namespace

ProductEpilogue product_epilogue(const GpuWeights& weights, fusion::WeightId scale, fusion::WeightId bias) {
  const bool scales_differ = weights.values(scale).size() > 1;
  return {.scale = scales_differ ? 1 : weights.factor(scale),
          .scales_differ = scales_differ,
          .has_bias = !!bias,
          .scales_at = weights.vector_at(scale),
          .bias_at = weights.vector_at(bias),
          .vectors = weights.vectors()};
}

void record_product(BatchRecording& batch, ProductInput& input, const GpuWeight& weight,
                    const Binding& numbers, View out, const ProductEpilogue& epilogue,
                    const MatrixChoice& choice, const Peaks& peaks) {
  std::visit(RecordProduct{batch, input, numbers, out, epilogue, choice, peaks}, weight);
}

}  // namespace realizar::gpu
