#pragma once

#include <utility>

namespace realizar::kernels {

/// fn(0), ..., fn(N - 1), each with its constant: arrays of registers need loops that are gone early.
template <int N, class Fn>
[[gnu::always_inline]] inline void unrolled(const Fn& fn) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    (fn(std::integral_constant<int, i>{}), ...);
  }
  (std::make_integer_sequence<int, N>{});
}

}  // namespace realizar::kernels
