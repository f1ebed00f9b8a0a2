#pragma once

#include "kernels/formats/blocks32.hpp"

namespace realizar::kernels {

/// What F16 and BF16 weights are multiplied as in fast products: 32 codes of 14 bits under one d, which is
/// rounded up so that all fit. No file has it.
struct Int16 : Block32 {
  static constexpr int code_bits = 16;
  static constexpr Codes codes = Codes::int16;
  static constexpr ScaleType scale_type = ScaleType::bf16;
};

/// Most steps from 0 of a code, of weights and of the tokens they meet: 32 products fit 32 bits. The largest
/// number of a block is a little more than as many steps.
inline constexpr int int16_steps = 8191;
inline constexpr float int16_largest = 8191.4f;

}  // namespace realizar::kernels
