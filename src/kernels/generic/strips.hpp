#pragma once

#include "backend/topology.hpp"
#include "kernels/generic/vocabulary.hpp"

namespace realizar::kernels::generic {

/// `R` strips of rows that follow each other, over one or more panels or in a part of one: a strip is the
/// V::width rows that a register holds.
template <class V, int R>
struct Strips {
  static constexpr int of_panel = panel_rows / V::width;
  static constexpr int parts = R < of_panel ? of_panel / R : 1;  // that a panel is done in

  const uint8_t* panels;
  int64_t panel_stride;        // bytes
  backend::Prefetch prefetch;  // of all panels read side by side
  int part = 0;                // 0 where R strips are a panel or more

  [[gnu::always_inline]] const uint8_t* panel(int r) const { return panels + r / of_panel * panel_stride; }
  [[gnu::always_inline]] int first_row(int r) const { return (part * R + r % of_panel) * V::width; }
  /// Whether what is asked for ahead is asked for with strip r: once a panel.
  [[gnu::always_inline]] bool begins_panel(int r) const { return first_row(r) == 0; }

  /// How far ahead of each panel to ask, where several are read side by side; starts of pages stay whole
  /// pages ahead.
  [[gnu::always_inline]] backend::Prefetch ahead() const {
    const int panels_read = R < of_panel || prefetch.page_starts ? 1 : R / of_panel;
    return {prefetch.bytes / panels_read, prefetch.page_starts};
  }

  /// As many strips, `i` parts after these.
  [[gnu::always_inline]] Strips after(int i) const {
    return {panels + i / parts * panel_stride, panel_stride, prefetch, i % parts};
  }

  /// The results of strip r for a token, in tiles (panels, n_tokens, 16).
  [[gnu::always_inline]] float* result(float* tiles, int n_tokens, int r, int token) const {
    return tiles + (r / of_panel * n_tokens + token) * panel_rows + first_row(r);
  }
};

/// fn(strips, first panel) for all panels, `Strips<V, R>` as long as there are so many, then those of one
/// panel.
template <class V, int R, class Fn>
[[gnu::always_inline]] inline void for_strips(const uint8_t* panels, int64_t panel_stride, int n_panels,
                                              backend::Prefetch prefetch, const Fn& fn) {
  constexpr int of_panel = Strips<V, R>::of_panel, at_once = R / of_panel;
  static_assert(at_once > 0);
  int p = 0;
  if constexpr (at_once > 1)
    for (; p + at_once <= n_panels; p += at_once)
      fn(Strips<V, R>{panels + p * panel_stride, panel_stride, prefetch}, p);
  for (; p < n_panels; ++p) fn(Strips<V, of_panel>{panels + p * panel_stride, panel_stride, prefetch}, p);
}

}  // namespace realizar::kernels::generic
