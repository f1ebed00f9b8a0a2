#pragma once

#include <cstdint>
#include <string>

#include "gpu/view.hpp"
#include "gpu/webgpu/recording.hpp"

namespace realizar::gpu {

/// Which matrices of a weight every token is multiplied with, where it has several one after the other; as
/// matrix_choice.wgsl has it. The results of a token's matrices stand side by side.
struct MatrixChoice {
  enum class Kind {
    one,      ///< the weight is one matrix
    every,    ///< all `count` of them (heads)
    chosen,   ///< `count` that the token chooses (experts)
    grouped,  ///< the same, by lots of tokens that share a load of weights
  };
  static constexpr int lot_tokens = 8;

  Kind kind = Kind::one;
  int count = 1;
  int64_t n_rows = 0;  // of one matrix; where there are several
  // In the buffer that the product goes to: (count) numbers of matrices; of lots, the pairs of a token and a
  // matrix, and where and how many the lots are at most, as group_by_expert.wgsl has them.
  View chosen{};
  uint32_t lots_at = 0;
  int64_t most_lots = 0;

  /// One matrix may be several tensors: from row `first_row` on, results go so many columns further, and so
  /// many more for each token before, and have their biases so much further.
  struct Tensor {
    uint32_t first_row = ~uint32_t{0}, column_shift = 0, stride_shift = 0, bias_shift = 0;
  };
  Tensor second{}, third{};

  /// The arguments of the kernel, for a part that begins with that row of one matrix.
  struct Arguments {
    View chosen;
    uint32_t lots_at, count;
    Tensor second, third;
  };
  Arguments arguments(uint32_t first_row) const;
  /// Workgroups that take so many rows and tokens each.
  webgpu::Workgroups groups(int64_t rows, int64_t rows_at_once, int64_t n_tokens, int tokens_at_once) const;
  /// The text ahead of a kernel, where each of a token's matrices has an input of its own, or all have one.
  std::string text(bool own_inputs) const;
  /// Different for different texts.
  std::string key(bool own_inputs) const;
};

}  // namespace realizar::gpu
