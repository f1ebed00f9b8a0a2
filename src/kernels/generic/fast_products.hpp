#pragma once

#include "backend/topology.hpp"
#include "kernels/generic/strips.hpp"
#include "kernels/generic/weights.hpp"
#include "kernels/kernel_table.hpp"

// Products of quantised weights with tokens in int8. `R` strips are multiplied together, which share the
// loads of activations, with `A` tokens at a time, which share the loads of weights.
namespace realizar::kernels::generic {

/// Tokens that are multiplied together when there are many.
inline constexpr int tokens_at_once = 4;

/// The codes of a chunk in R strips. For many tokens all are made at once; one token meets each as it is
/// made, while it is in a register. Codes of 16 bits are loaded where they are met.
template <class V, class F, int R, bool Many>
struct ChunkCodes {
  using I32 = typename V::I32;
  static constexpr bool is_int16 = F::codes == Codes::int16;
  static constexpr bool interleaved = Many && TakesPairs<V> && !is_int16;

  [[gnu::always_inline]] void read(int r, const uint8_t* from, int row) {
    if constexpr (at_once) {
      load_codes<V, F>(from, row, codes[r]);
      if constexpr (interleaved)
        for (int g = 0; g < chunk_groups; g += 2) V::interleave(codes[r][g], codes[r][g + 1]);
    } else {
      chunk[r] = from + 4 * row;
    }
  }
  template <int g>
  [[gnu::always_inline]] I32 group(int r) const {
    if constexpr (at_once)
      return codes[r][g];
    else
      return codes_of_group<V, F, g>([&](int i) __attribute__((always_inline)) { return vector(r, i); });
  }
  /// Vector i of the chunk as it stands: of codes of 16 bits the columns 2i and 2i + 1.
  [[gnu::always_inline]] I32 vector(int r, int i) const { return V::load_bytes(chunk[r] + i * vector_bytes); }

 private:
  static constexpr bool at_once = !is_int16 && (Many || F::codes == Codes::grid);
  I32 codes[at_once ? R : 1][at_once ? chunk_groups : 1];
  const uint8_t* chunk[R];
};

/// dot[a][r] = the k-groups [First, First + Count) of strip r, interleaved, times token a.
template <class V, int A, int R, int First, int Count, class Codes>
[[gnu::always_inline]] inline void dot_pairs(typename V::Dot (&dot)[A][R], const Codes& w, const int8_t* x,
                                             int64_t x_stride) {
  constexpr int pairs = (A + 1) / 2;
  typename V::PairDot pair[pairs][R];
  unrolled<pairs>([&](auto p) { unrolled<R>([&](auto r) { pair[p][r] = V::no_pair_dot(); }); });
  unrolled<Count / 2>([&](auto i) __attribute__((always_inline)) {
    constexpr int g = First + 2 * i.value;
    unrolled<R>([&](auto r) __attribute__((always_inline)) {
      const auto low = V::in_register(w.template group<g>(r)),
                 high = V::in_register(w.template group<g + 1>(r));
      unrolled<pairs>([&](auto p) __attribute__((always_inline)) {
        const int8_t* first = x + 2 * p * x_stride + 4 * g;
        // The last of an odd number meets itself.
        const int8_t* second = 2 * p + 1 < A ? first + x_stride : first;
        pair[p][r] = V::dot_pair(pair[p][r], low, high, first, second);
      });
    });
  });
  unrolled<A>([&](auto a) __attribute__((always_inline)) {
    unrolled<R>(
        [&](auto r) { dot[a][r] = a % 2 == 0 ? V::first_of(pair[a / 2][r]) : V::second_of(pair[a / 2][r]); });
  });
}

/// sum[a][r] += scale(r, group) * (the k-groups [First, First + Count) of strip r times token a), group by
/// group; no scale where the format has none. Token a is at x + a * x_stride; start(a, group) is what its
/// dots begin with.
template <class V, class F, int A, int R, int First, int Count, class Codes, class Scale, class Start>
[[gnu::always_inline]] inline void add_dots(typename V::I32 (*sum)[R], const Codes& w, const int8_t* x,
                                            int64_t x_stride, const Scale& scale, const Start& start) {
  constexpr bool pairs = Codes::interleaved;
  constexpr int group = smaller(smaller(F::group, F::d_span), chunk_columns) / 4;
  constexpr int depth = smaller(smaller(group, Count), Operand<V, F>::depth);
  unrolled<Count / depth>([&](auto step) __attribute__((always_inline)) {
    constexpr int from = First + step.value * depth;
    typename V::Dot dot[A][R];
    if constexpr (pairs) dot_pairs<V, A, R, from, depth>(dot, w, x, x_stride);
    unrolled<pairs ? 0 : A>([&](auto a) __attribute__((always_inline)) {
      const auto first = start(a, from / group);
      unrolled<R>([&](auto r) { dot[a][r] = first; });
    });
    unrolled<pairs ? 0 : depth>([&](auto i) __attribute__((always_inline)) {
      typename V::I32 weights[R];
      unrolled<R>([&](auto r) { weights[r] = V::in_register(w.template group<from + i>(r)); });
      unrolled<A>([&](auto a) __attribute__((always_inline)) {
        unrolled<R>([&](auto r) __attribute__((always_inline)) {
          const int8_t* four = x + a * x_stride + 4 * (from + i);
          if constexpr (Operand<V, F>::is_signed)
            dot[a][r] = V::in_register(V::dot_s(dot[a][r], weights[r], four));
          else
            dot[a][r] = V::in_register(V::dot_u(dot[a][r], weights[r], four));
        });
      });
    });
    unrolled<A>([&](auto a) __attribute__((always_inline)) {
      unrolled<R>([&](auto r) __attribute__((always_inline)) {
        if constexpr (F::scale_bits == 0)
          sum[a][r] = V::add_dot(sum[a][r], dot[a][r]);
        else
          sum[a][r] = V::add_scaled(sum[a][r], dot[a][r], scale(r, from / group));
      });
    });
  });
}

/// sum[a][r] = the codes of 16 bits of strip r times those of token a, which stand 32 apart.
template <class V, int A, int R, class Codes>
[[gnu::always_inline]] inline void int16_dots(typename V::I32 (*sum)[R], const Codes& w, const int16_t* x) {
  unrolled<chunk_columns / 2>([&](auto pair) __attribute__((always_inline)) {
    typename V::I32 weights[R];
    unrolled<R>([&](auto r) { weights[r] = V::in_register(w.vector(r, pair)); });
    unrolled<A>([&](auto a) __attribute__((always_inline)) {
      unrolled<R>([&](auto r) __attribute__((always_inline)) {
        sum[a][r] = V::in_register(V::dot2(sum[a][r], weights[r], x + a * chunk_columns + 2 * pair));
      });
    });
  });
}

/// fn(first token, number of tokens as a constant) for all tokens, `tokens_at_once` as long as there are so
/// many.
template <bool Many, class Fn>
[[gnu::always_inline]] inline void for_tokens(int n_tokens, const Fn& fn) {
  int t = 0;
  if constexpr (Many)
    for (; t + tokens_at_once <= n_tokens; t += tokens_at_once)
      fn(t, std::integral_constant<int, tokens_at_once>{});
  for (; t < n_tokens; ++t) fn(t, std::integral_constant<int, 1>{});
}

[[gnu::always_inline]] constexpr int32_t pair_of(int low, int high) {
  return static_cast<int32_t>((static_cast<uint32_t>(low) & 0xffff) | static_cast<uint32_t>(high) << 16);
}

/// A chunk of a format with a d for every 16 or 32 columns and no integer scales.
template <class V, class F, int R, bool Many>
[[gnu::always_inline]] inline void fast_chunk(const Strips<V, R>& strips, int64_t chunk,
                                              const QuantizedTokens& x, int64_t first, int n_tokens,
                                              typename V::F32 (*acc)[R]) {
  using L = PanelLayout<F>;
  using F32 = typename V::F32;
  using I32 = typename V::I32;
  constexpr int spans = chunk_columns / F::d_span;  // of a chunk
  constexpr int groups = chunk_groups / spans;
  constexpr int offset = F::codes == Codes::int16 ? 0 : Operand<V, F>::offset;
  ChunkCodes<V, F, R, Many> w;
  F32 d[R][spans], dmin[R];
  unrolled<R>([&](auto r) __attribute__((always_inline)) {
    const uint8_t* panel = strips.panel(r);
    if (strips.begins_panel(r)) prefetch_chunk<F>(panel, chunk, strips.ahead());
    w.read(r, chunk_of<F>(panel, chunk), strips.first_row(r));
    const BlockScales<V, F> scales{panel + L::meta_at(chunk / L::chunks), strips.first_row(r)};
    for (int s = 0; s < spans; ++s) d[r][s] = scales.d(static_cast<int>(chunk % L::chunks) * spans + s);
    if constexpr (F::has_min) dmin[r] = scales.dmin();
  });
  const int64_t at = chunk * x.stride + first;
  for_tokens<Many>(
      n_tokens, [&](int t, auto count) __attribute__((always_inline)) {
        constexpr int A = count.value;
        unrolled<spans>([&](auto s) __attribute__((always_inline)) {
          I32 sum[A][R];
          unrolled<A>([&](auto a) __attribute__((always_inline)) {
            auto start = V::set1_i32(0);
            if constexpr (offset != 0) {
              constexpr int low = s == 0 ? -offset : 0, high = s == spans - 1 ? -offset : 0;
              start = V::dot2(start, V::set1_i32(pair_of(low, high)), x.half_sums + (at + t + a) * 2);
            }
            unrolled<R>([&](auto r) { sum[a][r] = start; });
          });
          if constexpr (F::codes == Codes::int16)
            int16_dots<V, A>(sum, w, x.int16_codes + (at + t) * chunk_columns);
          else
            add_dots<V, F, A, R, s * groups, groups>(
                sum, w, x.codes + (at + t) * chunk_columns, chunk_columns,
                [](int, int) { return typename V::Scale{}; }, [](int, int) { return V::no_dot(); });
          unrolled<A>([&](auto a) __attribute__((always_inline)) {
            const F32 dx = V::set1(x.d[at + t + a]);
            unrolled<R>([&](auto r) __attribute__((always_inline)) {
              F32& out = acc[t + a][r];
              out = V::fma(V::to_float(sum[a][r]), V::mul(d[r][s], dx), out);
            });
          });
        });
        if constexpr (F::has_min)
          unrolled<A>([&](auto a) __attribute__((always_inline)) {
            const F32 minus_sum = V::set1(x.minus_sums[at + t + a]);
            unrolled<R>([&](auto r) { acc[t + a][r] = V::fma(dmin[r], minus_sum, acc[t + a][r]); });
          });
      });
}

/// The integer scales and mins of a super-block, ready to meet tokens.
template <class V, class F>
struct SuperBlock {
  using L = PanelLayout<F>;
  using I32 = typename V::I32;
  using Scales = BlockScales<V, F>;
  static constexpr bool has_fields = F::scale_bits != 0;
  static constexpr int n_scales = has_fields ? L::groups : 1;
  static constexpr int n_pairs = has_fields ? L::groups / 2 : 1;
  static constexpr int offset = Operand<V, F>::centred ? 0 : Operand<V, F>::offset;  // left in the sums

  typename V::Scale scale[n_scales];
  I32 scale_pairs[n_pairs], min_pairs[n_pairs];  // int16

  [[gnu::always_inline]] void read(const Scales& scales) {
    if constexpr (F::has_min) read_mins(scales);
    if constexpr (has_fields)
      unrolled<L::groups / 4>([&](auto q) __attribute__((always_inline)) {
        const I32 bytes = scales.quad(q);
        unrolled<4>([&](auto i) __attribute__((always_inline)) {
          scale[4 * q + i] = Scales::signed_scales ? V::scale_s(bytes, i) : V::scale_u(bytes, i);
        });
        unrolled<2>([&](auto i) __attribute__((always_inline)) {
          if constexpr (offset != 0)
            scale_pairs[2 * q + i] = Scales::signed_scales ? V::pair_s(bytes, i) : V::pair_u(bytes, i);
        });
      });
  }

  [[gnu::always_inline]] void read_mins(const Scales& scales) {
    unrolled<n_pairs>([&](auto p) __attribute__((always_inline)) {
      min_pairs[p] = V::pair_u(scales.quad((L::groups + 2 * p) / 4), p % 2);
    });
  }

  /// What the offset of the codes takes off a token's integer dot.
  [[gnu::always_inline]] I32 bias(const GroupSums& sums) const {
    if constexpr (offset == 0) {
      return V::set1_i32(0);
    } else if constexpr (!has_fields) {
      return V::set1_i32(-offset * sums.all);
    } else {
      return V::mul(dot_sums(scale_pairs, sums), V::set1_i32(-offset));
    }
  }
  [[gnu::always_inline]] I32 min_sum(const GroupSums& sums) const { return dot_sums(min_pairs, sums); }

 private:
  /// The sum over groups of an int16 times the sum of the group's activations.
  [[gnu::always_inline]] static I32 dot_sums(const I32* pairs, const GroupSums& sums) {
    const int16_t* of_groups = F::group == 16 ? sums.of_16 : sums.of_32;
    auto sum = V::set1_i32(0);
    unrolled<n_pairs>([&](auto p) { sum = V::dot2(sum, pairs[p], of_groups + 2 * p); });
    return sum;
  }
};

/// A block of 256 columns under one d.
template <class V, class F, int R, bool Many>
[[gnu::always_inline]] inline void fast_super_block(const Strips<V, R>& strips, int64_t block,
                                                    const QuantizedTokens& x, int64_t first, int n_tokens,
                                                    typename V::F32 (*acc)[R]) {
  using L = PanelLayout<F>;
  using F32 = typename V::F32;
  using I32 = typename V::I32;
  constexpr int group = smaller(F::group, chunk_columns);
  SuperBlock<V, F> integers[R];
  unrolled<R>([&](auto r) __attribute__((always_inline)) {
    const uint8_t* meta = strips.panel(r) + L::meta_at(block);
    if (strips.begins_panel(r)) prefetch<L::meta_bytes>(meta, strips.ahead());
    integers[r].read({meta, strips.first_row(r)});
  });
  const int64_t block_at = block * x.stride + first;
  I32 sum[Many ? max_tile_tokens : 1][R];
  for (int t = 0; t < n_tokens; ++t)
    unrolled<R>([&](auto r) { sum[t][r] = integers[r].bias(x.group_sums[block_at + t]); });
  for (int c = 0; c < L::chunks; ++c) {
    ChunkCodes<V, F, R, Many> w;
    unrolled<R>([&](auto r) __attribute__((always_inline)) {
      const uint8_t* chunk = strips.panel(r) + L::codes_at(block) + c * CodeChunk<F>::bytes;
      if (strips.begins_panel(r)) prefetch<CodeChunk<F>::bytes>(chunk, strips.ahead());
      w.read(r, chunk, strips.first_row(r));
    });
    const int8_t* codes = x.codes_of(256, block * L::chunks + c, first);
    const auto scale = [&](int r, int i) __attribute__((always_inline)) {
      return integers[r].scale[F::scale_bits == 0 ? 0 : c * (chunk_columns / group) + i];
    };
    for_tokens<Many>(
        n_tokens, [&](int t, auto count) __attribute__((always_inline)) {
          const auto start = [&](int a, int i) __attribute__((always_inline)) {
            if constexpr (Operand<V, F>::centred)
              return V::minus_dot(F::offset, x.group_sums[block_at + t + a].of_pairs[2 * c + i]);
            else
              return V::no_dot();
          };
          add_dots<V, F, count.value, R, 0, chunk_groups>(sum + t, w,
                                                          codes + t * QuantizedTokens::pair_columns,
                                                          QuantizedTokens::pair_columns, scale, start);
        });
  }
  F32 d[R], dmin[R];
  unrolled<R>([&](auto r) __attribute__((always_inline)) {
    const BlockScales<V, F> scales{strips.panel(r) + L::meta_at(block), strips.first_row(r)};
    d[r] = scales.d(0);
    if constexpr (F::has_min) dmin[r] = scales.dmin();
  });
  for (int t = 0; t < n_tokens; ++t) {
    const auto dx = V::set1(x.d[block_at + t]);
    unrolled<R>([&](auto r) __attribute__((always_inline)) {
      F32 value = V::mul(V::to_float(sum[t][r]), d[r]);
      if constexpr (F::has_min)
        value = V::fnma(V::to_float(integers[r].min_sum(x.group_sums[block_at + t])), dmin[r], value);
      acc[t][r] = V::fma(value, dx, acc[t][r]);
    });
  }
}

/// out (panels, n_tokens, 16) of `n_turns` times R strips, which take turns: what one waits for from memory
/// comes while others are computed.
template <class V, class F, int R, bool Many, int MostTurns>
[[gnu::always_inline]] inline void fast_tile(const Strips<V, R>& strips, int n_turns, int64_t n_cols,
                                             const QuantizedTokens& x, int64_t first, int n_tokens,
                                             float* out) {
  const int n = Many ? n_tokens : 1;
  if constexpr (MostTurns == 1) n_turns = 1;
  typename V::F32 acc[MostTurns][Many ? max_tile_tokens : 1][R];
  for (int turn = 0; turn < n_turns; ++turn)
    for (int t = 0; t < n; ++t)
      for (auto& each : acc[turn][t]) each = V::set1(0);
  constexpr bool short_spans = F::d_span <= chunk_columns;
  for (int64_t i = 0; i < n_cols / (short_spans ? chunk_columns : F::block); ++i)
    for (int turn = 0; turn < n_turns; ++turn)
      if constexpr (short_spans)
        fast_chunk<V, F, R, Many>(strips.after(turn), i, x, first, n, acc[turn]);
      else
        fast_super_block<V, F, R, Many>(strips.after(turn), i, x, first, n, acc[turn]);
  for (int turn = 0; turn < n_turns; ++turn) {
    const Strips<V, R> at = strips.after(turn);
    float* tiles = out + turn / at.parts * n * panel_rows;
    for (int t = 0; t < n; ++t)
      unrolled<R>([&](auto r) __attribute__((always_inline)) {
        V::store(at.result(tiles, n, r, t), acc[turn][t][r]);
      });
  }
}

/// Panels that take turns with one token. A super-block is long enough for a stream of its own.
template <class V, class F>
inline constexpr int panels_in_turns = F::d_span <= chunk_columns ? V::row_panels : 1;

/// Of one token and up to panels_in_turns panels; by itself, where bench/instructions.py counts.
template <class V, class F>
[[gnu::noinline]] void fast_row(const uint8_t* panels, int64_t stride, int n_panels,
                                backend::Prefetch prefetch, int64_t n_cols, const QuantizedTokens& x,
                                int64_t token, float* out) {
  constexpr int R = V::row_strips, parts = Strips<V, R>::parts;
  fast_tile<V, F, R, false, panels_in_turns<V, F> * parts>(Strips<V, R>{panels, stride, prefetch},
                                                           n_panels * parts, n_cols, x, token, 1, out);
}

/// Of many tokens and the panels that R strips make.
template <class V, class F, int R>
void fast_rows(const Strips<V, R>& strips, int64_t n_cols, const QuantizedTokens& x, int64_t first,
               int n_tokens, float* out) {
  fast_tile<V, F, R, true, 1>(strips, 1, n_cols, x, first, n_tokens, out);
}

template <class V, class F>
void fast_product(const uint8_t* panels, int n_panels, int64_t n_cols, const QuantizedTokens& x,
                  int64_t first, int n_tokens, float* out) {
  const int64_t stride = PanelLayout<F>::bytes(n_cols / F::block);
  // More tokens take longer than their weights need to come.
  const auto prefetch = n_tokens <= tokens_at_once ? backend::topology().prefetch : backend::Prefetch{};
  if (n_tokens == 1) {
    constexpr int together = panels_in_turns<V, F>;
    for (int p = 0; p < n_panels; p += together)
      fast_row<V, F>(panels + p * stride, stride, smaller(together, n_panels - p), prefetch, n_cols, x, first,
                     out + p * panel_rows);
    return;
  }
  for_strips<V, V::strips>(panels, stride, n_panels, prefetch, [&]<int R>(const Strips<V, R>& strips, int p) {
    fast_rows<V, F>(strips, n_cols, x, first, n_tokens, out + p * n_tokens * panel_rows);
  });
}

}  // namespace realizar::kernels::generic
