#pragma once

#include <memory>

#include "gpu/plan/batch_recording.hpp"

namespace realizar::gpu {

/// Tokens of products, and in which form they are prepared.
struct ProductInput {
  View x;
  int64_t n_tokens;
  int n_cols;
  Heads heads{};      // each of so many columns
  int prepared = -1;  // in blocks of so many columns, 0: f32 rows, -1: not yet
  std::shared_ptr<const GpuTokens> tokens{};
  Peaks peaks{};  // of one token in f32 that the product quantises itself, where it has a buffer
  std::optional<LateNorm> norm{};  // ahead of that
};

/// What follows a product: y = scale * product + bias.
ProductEpilogue product_epilogue(const GpuWeights& weights, fusion::WeightId scale, fusion::WeightId bias);

/// Records the product of tokens with a weight of a plan, into columns of `numbers`. Products of one input
/// that follow each other share what it is prepared as. `peaks` are kept of the results, as
/// `QuantizedProducts::multiply` has it.
void record_product(BatchRecording& batch, ProductInput& input, const GpuWeight& weight,
                    const webgpu::Binding& numbers, View out, const ProductEpilogue& epilogue,
                    const MatrixChoice& choice = {}, const Peaks& peaks = {});

}  // namespace realizar::gpu
