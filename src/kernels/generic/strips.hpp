#pragma once

#include "backend/topology.hpp"
#include "kernels/generic/vocabulary.hpp"

namespace realizar::kernels::generic {

/// Strips of rows that follow each other, over one or more panels: a strip is the V::width rows that a
/// register holds.
template <class V>
struct Strips {
  static constexpr int of_panel = panel_rows / V::width;

  const uint8_t* panels;
  int64_t panel_stride;        // bytes
  backend::Prefetch prefetch;  // of all panels read side by side

  [[gnu::always_inline]] const uint8_t* panel(int r) const { return panels + r / of_panel * panel_stride; }
  [[gnu::always_inline]] static constexpr int first_row(int r) { return r % of_panel * V::width; }

  /// How far ahead of each panel to ask where R strips are read side by side.
  template <int R>
  [[gnu::always_inline]] backend::Prefetch ahead() const {
    return {prefetch.bytes * of_panel / R, prefetch.page_starts};
  }

  /// The results of strip r for a token, in tiles (panels, n_tokens, 16).
  [[gnu::always_inline]] static float* result(float* tiles, int n_tokens, int r, int token) {
    return tiles + (r / of_panel * n_tokens + token) * panel_rows + first_row(r);
  }
};

/// fn(number of strips as a constant, first panel) for all panels: R strips as long as there are so many,
/// then those of one panel.
template <class V, int R, class Fn>
[[gnu::always_inline]] inline void for_strips(int n_panels, const Fn& fn) {
  constexpr int at_once = R / Strips<V>::of_panel;
  int p = 0;
  if constexpr (at_once > 1)
    for (; p + at_once <= n_panels; p += at_once) fn(std::integral_constant<int, R>{}, p);
  for (; p < n_panels; ++p) fn(std::integral_constant<int, Strips<V>::of_panel>{}, p);
}

}  // namespace realizar::kernels::generic
