// Ahead of the kernels of products: their arguments and buffers, and the integer sums of a chunk with what becomes of them.
// Ahead of this stand the constants of WeightLayout, is_gated, epilogue.wgsl, matrix_choice.wgsl, weights.wgsl, and
// dot4.wgsl or dot4_plain.wgsl, int8_input.wgsl or f32_input.wgsl, keep_peaks.wgsl or no_peaks.wgsl, and weighs_peaks.
struct Sizes {
  n_rows: u32, n_steps: u32, n_tokens: u32, first_panel: u32, n_panels: u32,  // the last two: of the part
  out: View, epilogue: Epilogue, choice: Choice,
  input_at: u32, input_peaks_at: u32, norm: LateNorm, peaks_at: u32, peak_weights_at: u32,  // where there are such
}
var<immediate> sizes: Sizes;

@group(0) @binding(0) var<storage, read> wide: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> pairs: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> bits: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> scales: array<u32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<storage, read> vectors: array<f32>;

const halves = select(1u, 2u, is_gated);  // of a result

fn dot16(a: vec4<u32>, b: vec4<u32>) -> i32 {
  return dot4(a.x, b.x) + dot4(a.y, b.y) + dot4(a.z, b.z) + dot4(a.w, b.w);
}

fn both(x: vec2<i32>) -> i32 {
  return x.x + x.y;
}

// Two sums of 16 products or codes in one word.
fn packed_sums(x: vec2<i32>) -> u32 {
  return (u32(x.x) & 0xffffu) | u32(x.y) << 16u;
}

fn unpacked_sums(x: u32) -> vec2<i32> {
  return vec2(i32(x << 16u) >> 16u, i32(x) >> 16u);
}

// Products of a chunk's codes, times their scales; of halves with a d each, both sums as packed_sums has them.
fn dots(w: Weights, s: Scales, first: vec4<u32>, second: vec4<u32>) -> i32 {
  let x = vec2(dot16(w.first, first), dot16(w.second, second));
  if (has_two_d) {
    return i32(packed_sums(x));
  }
  if (!has_scales) {
    return both(x);
  }
  if (groups_per_chunk == 1u) {
    return s.scale.x * both(x);
  }
  return both(s.scale * x);
}

// What the offset of codes takes from a chunk's products, and its minima, by sums of the token's codes.
fn corrections(s: Scales, code_sums: vec2<i32>) -> vec2<i32> {
  var x = vec2<i32>();
  if (code_offset != 0 && groups_per_chunk == 1u) {
    x.x = code_offset * s.scale.x * both(code_sums);
  } else if (code_offset != 0) {
    x.x = code_offset * both(s.scale * code_sums);
  }
  if (has_min && groups_per_chunk == 1u) {
    x.y = s.min.x * both(code_sums);
  } else if (has_min) {
    x.y = both(s.min * code_sums);
  }
  return x;
}

// The FMAs of a block.
fn added(chain: f32, d: vec2<f32>, token_d: f32, products: i32, corrections: vec2<i32>) -> f32 {
  if (has_two_d) {
    let x = unpacked_sums(u32(products));
    return fma(d.y * token_d, f32(x.y), fma(d.x * token_d, f32(x.x), chain));
  }
  let sum = fma(d.x * token_d, f32(products - corrections.x), chain);
  if (has_min) {
    return fma(-(d.y * token_d), f32(corrections.y), sum);
  }
  return sum;
}

// What a result counts in its peak, where a norm follows whose weights are known.
fn peak_weight_of(result: Result) -> f32 {
  if (weighs_peaks) {
    return vectors[sizes.peak_weights_at + result.column];
  }
  return 1.0;
}

// Stores a result whose epilogue has its `operands`.
fn store_finished(result: Result, operands: Operands, peak_weight: f32, sum: f32, gated_sum: f32) {
  var y = 0.0;
  if (is_gated) {
    y = gate_of(sum, gated_sum);
  } else {
    y = finished(sizes.epilogue, operands, sum);
  }
  out[sizes.out.at + result.token * sizes.out.stride + result.column] = y;
  keep_peak(sizes.peaks_at + result.column / 256u, y * peak_weight);
}

fn store(place: Place, t: u32, row: u32, group: vec3<u32>, sum: f32, gated_sum: f32) {
  if (row < sizes.n_rows && t < place.n_tokens) {
    let result = result_of(sizes.choice, place, sizes.n_rows, t, row, group);
    store_finished(result, operands_of(sizes.epilogue, result), peak_weight_of(result), sum, gated_sum);
  }
}
