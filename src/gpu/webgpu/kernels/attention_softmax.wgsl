// Ahead of the kernels of attention, behind kv_page.wgsl and keep_peaks.wgsl or no_peaks.wgsl: their arguments, and how the
// results of two stretches of positions, each with its own maximum, become one. Behind this stand the buffer `batch` and
// `Numbers`: f32 or vec4<f32>.
struct View { at: u32, stride: u32 }
// partials_at: (n_tokens, n_splits, n_heads, out_dim + 2), values, maximum and sum of the splits that a token sees.
struct Arguments {
  q: View, out: View, window: u32, scale: f32, soft_cap: f32, sinks_at: u32, has_sinks: u32, alibi_max_bias: f32,
  n_heads: u32, partials_at: u32, n_splits: u32, peaks_at: u32, key_octets: u32,
  k: View, v: View, angles: View, n_pairs: u32, v_head_stride: u32,  // of what attention_stores.wgsl does
}
var<immediate> arguments: Arguments;

const lowest = -3.4028234e38;

// The first position that a token sees.
fn first_seen(position: u32) -> u32 {
  if (arguments.window == 0u || position < arguments.window) {
    return 0u;
  }
  return position + 1u - arguments.window;
}

fn partial_at(token: u32, split: u32, head: u32) -> u32 {
  return arguments.partials_at + ((token * arguments.n_splits + split) * arguments.n_heads + head) * (out_dim + 2u);
}

// The greater maximum, and what is left of two sums under it.
struct Folded { best: Numbers, kept: Numbers, taken: Numbers }

fn fold(best: Numbers, next: Numbers) -> Folded {
  let both = max(best, next);
  return Folded(both, exp(best - both), exp(next - both));
}

fn folded(sum: Numbers, next: Numbers, fold: Folded) -> Numbers {
  return fma(next, fold.taken, sum * fold.kept);
}
