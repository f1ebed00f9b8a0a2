#pragma once

#include <span>

#include "fusion/cpu/weights.hpp"

namespace realizar::fusion::cpu {

/// Turns what a kernel gives into what the op wants: scale * x + bias.
struct Finish {
  float scale;
  std::span<const float> bias;  // (rows of the matrix), or none

  /// Of matrix `matrix` of several, `n_rows` rows each.
  Finish(const Weights& weights, WeightId scale_id, WeightId bias_id, int64_t matrix = 0, int64_t n_rows = 0)
      : scale(weights.factor(scale_id, matrix)), bias(weights.floats(bias_id)) {
    if (!bias.empty()) bias = bias.subspan(static_cast<size_t>(matrix * n_rows));
  }

  /// A tile (n_tokens, 16) of the rows from `row` on.
  void operator()(int64_t row, int n_rows, int n_tokens, float* tile) const {
    if (scale != 1)
      for (int i = 0; i < n_tokens * kernels::panel_rows; ++i) tile[i] *= scale;
    if (!bias.empty())
      for (int t = 0; t < n_tokens; ++t)
        for (int r = 0; r < n_rows; ++r)
          tile[t * kernels::panel_rows + r] += bias[static_cast<size_t>(row + r)];
  }
};

}  // namespace realizar::fusion::cpu
