// Ahead of kernels: tokens in int8, for product.wgsl: a block (32 or 256 columns) is d * codes with d = max |x| / 127.499
// and codes in [-127, 127], as on the CPU (src/kernels/generic/quantize.hpp). A block with a NaN or an infinity has codes 0
// and d NaN.
//
// Ahead of this stand `block` and `threads`, 64 of which make a step of 256 columns, a thread four. Behind it
// stand the buffers `codes` (n_tokens, n_steps, 64 words) and `chunks` (n_tokens, n_steps, 8): two sums of 16 codes, d.
const infinity_bits = 0x7f800000u;
const nan_bits = 0x7fc00000u;
var<workgroup> largest: array<atomic<u32>, threads * 4u / block>;  // |x| as bits, which sort as the numbers do
var<workgroup> code_sums: array<atomic<i32>, threads / 4u>;       // of 16 columns

// `values` are the thread's four columns; `step_at` is token * n_steps + step. All threads call it alike; those that have
// no step do not store.
fn quantize_step(values: vec4<f32>, step_at: u32, stores: bool, index: u32) {
  let thread = index % 64u;
  let in_block = index * 4u / block;
  workgroupBarrier();
  if (index * 4u % block == 0u) {
    atomicStore(&largest[in_block], 0u);
  }
  if (index % 4u == 0u) {
    atomicStore(&code_sums[index / 4u], 0);
  }
  workgroupBarrier();
  let magnitudes = bitcast<vec4<u32>>(values) & vec4(0x7fffffffu);
  atomicMax(&largest[in_block], max(max(magnitudes.x, magnitudes.y), max(magnitudes.z, magnitudes.w)));
  workgroupBarrier();
  let most_bits = atomicLoad(&largest[in_block]);
  let most = bitcast<f32>(most_bits);

  // The inverse must not overflow: tiny blocks are scaled up first, which is exact.
  let up = select(1.0, 18446744073709551616.0, most < 7.888609e-31);
  var code = vec4<i32>();
  if (most_bits > 0u && most_bits < infinity_bits) {
    code = clamp(vec4<i32>(round(values * up * (127.499 / (most * up)))), vec4(-127), vec4(127));
  }
  let bytes = bitcast<vec4<u32>>(code) & vec4(255u);
  if (stores) {
    codes[step_at * 64u + thread] = bytes.x | bytes.y << 8u | bytes.z << 16u | bytes.w << 24u;
  }
  atomicAdd(&code_sums[index / 4u], code.x + code.y + code.z + code.w);
  workgroupBarrier();
  if (stores && thread % 8u == 0u) {
    let first = atomicLoad(&code_sums[index / 4u]);
    let second = atomicLoad(&code_sums[index / 4u + 1u]);
    let d = select(nan_bits, bitcast<u32>(most / 127.499), most_bits < infinity_bits);
    chunks[step_at * 8u + thread / 8u] = vec2((u32(first) & 0xffffu) | u32(second) << 16u, d);
  }
}
