#pragma once

#include <cstdint>

namespace realizar::gpu {

/// Numbers of tokens in a buffer of f32: those of token t begin at `at + t * stride`.
struct View {
  uint32_t at = 0, stride = 0;
};

/// Columns of every token that are several inputs, `stride` apart.
struct Heads {
  int count = 1;
  uint32_t stride = 0;
};

}  // namespace realizar::gpu
