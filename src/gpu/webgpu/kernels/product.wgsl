// out (n_tokens, n_rows) = the tokens times rows of quantised weights, which stand as weight_layout.hpp says. A
// workgroup makes one panel of 8 rows for up to `tokens` tokens: `splits` times 8 threads a row. A thread adds up its chunks
// of 32 columns, one of every eight, in one of every `splits` steps: integers inside a chunk, then FMAs. The sums of a row
// are added one after the other. So what a number is made of, and in which order, depends on the shape of the weights
// alone, not on how many tokens there are.
//
// Ahead of this stand the constants of WeightLayout, `tokens`, `splits`, epilogue.wgsl, matrix_choice.wgsl, and dot4.wgsl
// or dot4_plain.wgsl.
struct Sizes { n_rows: u32, n_steps: u32, n_tokens: u32, out: View, epilogue: Epilogue, choice: Choice }
var<immediate> sizes: Sizes;

@group(0) @binding(0) var<storage, read> wide: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> pairs: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> bits: array<u32>;
@group(0) @binding(3) var<storage, read> scales: array<u32>;
@group(0) @binding(4) var<storage, read> codes: array<vec4<u32>>;   // of the tokens (n_tokens, n_steps, 8 chunks, 2)
@group(0) @binding(5) var<storage, read> chunks: array<vec2<u32>>;  // (n_tokens, n_steps, 8): two sums of 16 codes, d
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<storage, read> vectors: array<f32>;

const rows = 8u;
const lanes = 8u;
var<workgroup> sums: array<array<f32, splits * lanes * rows>, tokens>;

// The weights of a chunk: columns 4j ... 4j + 3 in the bytes of first[j], those 16 further in second[j].
struct Weights { first: vec4<u32>, second: vec4<u32> }

fn looked_up(indices: vec4<u32>) -> vec4<u32> {
  var weights = vec4<u32>();
  for (var shift = 0u; shift < 32u; shift += 8u) {
    let index = (indices >> vec4(shift)) & vec4(15u);
    let words = vec4(table[index.x / 4u], table[index.y / 4u], table[index.z / 4u], table[index.w / 4u]);
    weights |= ((words >> (index % vec4(4u) * 8u)) & vec4(255u)) << vec4(shift);
  }
  return weights;
}

// `at` counts threads over (panels, steps, 64).
fn load_weights(at: u32, thread: u32) -> Weights {
  var w = Weights();
  if (code_bits == 8u) {
    let unit = (at - thread) * 2u + thread;
    return Weights(wide[unit], wide[unit + 64u]);
  }
  if (code_bits >= 4u) {
    let nibbles = wide[at];
    w.first = nibbles & vec4(0x0f0f0f0fu);
    w.second = (nibbles >> vec4(4u)) & vec4(0x0f0f0f0fu);
  }
  if (code_bits == 2u || code_bits == 3u || code_bits == 6u) {
    let two = pairs[at];
    let to = select(0u, 4u, code_bits == 6u);
    w.first |= ((vec4(two.x) >> vec4(0u, 2u, 4u, 6u)) & vec4(0x03030303u)) << vec4(to);
    w.second |= ((vec4(two.y) >> vec4(0u, 2u, 4u, 6u)) & vec4(0x03030303u)) << vec4(to);
  }
  if (code_bits == 3u || code_bits == 5u) {
    let one = vec4(bits[at]);
    w.first |= ((one >> vec4(0u, 1u, 2u, 3u)) & vec4(0x01010101u)) << vec4(code_bits - 1u);
    w.second |= ((one >> vec4(4u, 5u, 6u, 7u)) & vec4(0x01010101u)) << vec4(code_bits - 1u);
  }
  if (has_table) {
    return Weights(looked_up(w.first), looked_up(w.second));
  }
  return w;
}

// The scales of a chunk, and of its halves where they differ.
struct Scales { d: f32, dmin: f32, scale: vec2<i32>, min: vec2<i32> }

fn load_scales(row: u32, lane: u32) -> Scales {
  var s = Scales(0.0, 0.0, vec2(1), vec2(1));
  let first = row * meta_words;
  if (block == 32u && !has_min) {
    s.d = unpack2x16float(scales[first + lane / 2u])[lane % 2u];
  } else {
    let d = unpack2x16float(scales[first + select(0u, lane, block == 32u)]);
    s.d = d.x;
    s.dmin = d.y;
  }
  s.d *= d_factor;
  if (has_scales) {
    let byte = lane * scale_bytes;
    let packed = scales[first + 1u + byte / 4u] >> (byte % 4u * 8u);
    let signed = vec4(i32(packed << 24u), i32(packed << 16u), i32(packed << 8u), i32(packed)) >> vec4(24u);
    if (groups_per_chunk == 2u) {
      s.scale = signed.xy;
      s.min = signed.zw;
    } else {
      s.scale = vec2(signed.x);
      s.min = vec2(signed.y);
    }
  }
  return s;
}

fn dot16(a: vec4<u32>, b: vec4<u32>) -> i32 {
  return dot4(a.x, b.x) + dot4(a.y, b.y) + dot4(a.z, b.z) + dot4(a.w, b.w);
}

@compute @workgroup_size(64u * splits)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) index: u32) {
  let thread = index % (rows * lanes);
  let split = index / (rows * lanes);
  let lane = thread % lanes;
  let row = thread / lanes;
  let panel = panel_of(sizes.choice, sizes.n_rows, sizes.n_tokens, group, groups, index);
  // Panels beyond the last fill the last line of groups; parts hold panels whole.
  let is_there = panel.n_tokens > 0u && panel.row < sizes.n_rows && panel.part_row < sizes.choice.part_rows;
  var sum: array<f32, tokens>;
  if (is_there) {
    for (var step = split; step < sizes.n_steps; step += splits) {
      let unit = panel.part_row / rows * sizes.n_steps + step;
      let w = load_weights(unit * (rows * lanes) + thread, thread);
      let s = load_scales(unit * rows + row, lane);
      for (var t = 0u; t < tokens; t++) {
        let input = input_of(sizes.choice, panel, t, group);
        let chunk = (input * sizes.n_steps + step) * lanes + lane;
        let about = chunks[chunk];
        let d = bitcast<f32>(about.y);
        let code_sums = vec2(i32(about.x << 16u) >> 16u, i32(about.x) >> 16u);
        let dots = vec2(dot16(w.first, codes[chunk * 2u]), dot16(w.second, codes[chunk * 2u + 1u]));
        let products = s.scale * (dots - code_offset * code_sums);
        sum[t] = fma(s.d * d, f32(products.x + products.y), sum[t]);
        if (has_min) {
          let minima = s.min * code_sums;
          sum[t] = fma(-(s.dmin * d), f32(minima.x + minima.y), sum[t]);
        }
      }
    }
  }
  for (var t = 0u; t < tokens; t++) {
    sums[t][index] = sum[t];
  }
  workgroupBarrier();
  // Now a thread makes one row of a token.
  for (var i = index; i < rows * tokens; i += splits * rows * lanes) {
    let r = i % rows;
    let t = i / rows;
    if (is_there && panel.row + r < sizes.n_rows && t < panel.n_tokens) {
      var total = 0.0;
      for (var s = 0u; s < splits; s++) {
        for (var l = 0u; l < lanes; l++) {
          total += sums[t][(s * rows + r) * lanes + l];
        }
      }
      let place = result_of(sizes.choice, panel, sizes.n_rows, t, r, group);
      out[sizes.out.at + place.token * sizes.out.stride + place.column] = finished(sizes.epilogue, total, place);
    }
  }
}
