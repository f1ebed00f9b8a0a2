// The input of a product of one token where it stands in f32 among the results, and its peaks as keep_peaks.wgsl leaves
// them: every workgroup quantises all of it, which is less than a kernel more. With a norm ahead of it (is_normed;
// has_norm_weight) the numbers are the columns before, and the peaks those times its weights. Ahead of this stand
// int8.wgsl, n_cols, n_threads, at least 64, and late_norm.wgsl.
@group(0) @binding(4) var<storage, read> input_peaks: array<u32>;

const n_units = n_steps * 16u;  // of 16 columns
var<workgroup> staged_words: array<u32, n_units * 4u>;
var<workgroup> staged_codes: array<vec4<u32>, n_units>;
var<workgroup> staged_sums: array<i32, n_units>;
var<workgroup> norm_factor: f32;

// By all threads, ahead of a barrier.
fn prepare_input(index: u32) {
  #repeat q quads
  let column#q = (#qu * n_threads + index) * 4u;
  let value#q = four_at(column#q);
  let weighted#q = weighted(value#q, column#q);
  let peak#q = input_peaks[sizes.input_peaks_at + min(column#q / 256u, n_steps - 1u)];
  #end
  #repeat q quads
  if (column#q < n_steps * 256u) {
    staged_words[column#q / 4u] = packed(codes_of(weighted#q, peak#q));
    if (is_normed) {
      keep_squares(column#q / 4u, value#q);
    }
  }
  #end
  workgroupBarrier();
  for (var unit = index; unit < n_units; unit += n_threads) {
    let at = 4u * unit;
    let codes = vec4(staged_words[at], staged_words[at + 1u], staged_words[at + 2u], staged_words[at + 3u]);
    staged_codes[unit] = codes;
    staged_sums[unit] = dot16(codes, vec4(0x01010101u));
  }
  // The last threads have the fewest units.
  if (is_normed && index >= n_threads - 32u) {
    add_squares(index - (n_threads - 32u));
  }
}

// By all threads, behind that barrier and ahead of another, behind which stand the d.
fn finish_input(index: u32) {
  if (is_normed && index == n_threads - 1u) {
    norm_factor = late_factor(sizes.norm);
  }
}

fn four_at(column: u32) -> vec4<f32> {
  var values = vec4<f32>();
  for (var i = 0u; i < 4u; i++) {
    if (column + i < n_cols) {
      values[i] = out[sizes.input_at + column + i];
    }
  }
  return values;
}

fn weighted(values: vec4<f32>, column: u32) -> vec4<f32> {
  var y = values;
  if (has_norm_weight) {
    for (var i = 0u; i < 4u; i++) {
      if (column + i < n_cols) {
        y[i] *= vectors[sizes.norm.weight_at + column + i];
      }
    }
  }
  return y;
}

fn input_codes(unit: u32) -> vec4<u32> {
  return staged_codes[unit];
}

fn input_sums(chunk: u32) -> vec2<i32> {
  return vec2(staged_sums[2u * chunk], staged_sums[2u * chunk + 1u]);
}

fn input_d(step: u32) -> f32 {
  return bitcast<f32>(d_bits_of(input_peaks[sizes.input_peaks_at + step]));
}

fn scaled_d(d: f32) -> f32 {
  if (is_normed) {
    return d * norm_factor;
  }
  return d;
}
