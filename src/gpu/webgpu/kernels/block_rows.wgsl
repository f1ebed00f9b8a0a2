// Ahead of embed.wgsl: a table in a block format, as weight_layout.hpp has it. Ahead of this stand the constants of
// WeightLayout and weights.wgsl.
@group(0) @binding(3) var<storage, read> wide: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> pairs: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read> bits: array<vec4<u32>>;
@group(0) @binding(6) var<storage, read> scales: array<u32>;

fn number_of(row: u32, column: u32, n_steps: u32) -> f32 {
  let step = row / panel_rows * n_steps + column / 256u;
  let lane = row % panel_rows;
  let chunk = column / 32u % chunks_per_step;
  let second = column % 32u >= 16u;
  let weights = unpacked(load_words(step, chunk, lane), chunk);
  let four = select(weights.first, weights.second, second)[column % 16u / 4u];
  let code = extractBits(i32(four), column % 4u * 8u, 8u);
  let word = load_scale_word(step, first_chunk_word + chunk / chunks_per_word, lane);
  let d = d_of(select(word, load_scale_word(step, 0u, lane), block == 256u), chunk);
  let s = scales_of(word, chunk);
  let d_of_code = select(d.x, d.y, has_two_d && second);
  let number = d_of_code * f32(select(s.scale.x, s.scale.y, second) * (code - code_offset));
  return select(number, number - d.y * f32(select(s.min.x, s.min.y, second)), has_min);
}
