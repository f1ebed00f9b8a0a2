// The input of a product as quantize.wgsl leaves it.
@group(0) @binding(4) var<storage, read> codes: array<vec4<u32>>;   // of the tokens (inputs, n_steps, 8 chunks, 2)
// (inputs, n_steps, 4): two sums of 16 codes and d, of two chunks
@group(0) @binding(5) var<storage, read> chunks: array<vec4<u32>>;

struct LateNorm { weight_at: u32, inverse_width: f32, epsilon: f32 }  // none here

fn prepare_input(index: u32) {
}

fn finish_input(index: u32) {
}

// Half a chunk.
fn input_codes(unit: u32) -> vec4<u32> {
  return codes[unit];
}

fn input_sums(chunk: u32) -> vec2<i32> {
  let two = chunks[chunk / 2u];
  return unpacked_sums(select(two.x, two.z, chunk % 2u == 1u));
}

// Of a block of 256.
fn input_d(step: u32) -> f32 {
  return bitcast<f32>(chunks[step * (chunks_per_step / 2u)].y);
}

fn scaled_d(d: f32) -> f32 {
  return d;
}
