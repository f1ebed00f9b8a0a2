// Ahead of kernels: tokens in int8, for the kernels of products, in blocks of 32 or 256 columns. Ahead of this stand
// int8.wgsl, out_block and `threads`, 64 of which make a step of 256 columns, a thread four. Behind it stand the buffers
// out_codes (n_tokens, n_steps, 64 words) and out_chunks (n_tokens, n_steps, 8): two sums of 16 codes, d.
var<workgroup> largest: array<atomic<u32>, threads * 4u / out_block>;
var<workgroup> code_sums: array<atomic<i32>, threads / 4u>;       // of 16 columns

// `values` are the thread's four columns, which stand for `factor` times as much; `step_at` is token * n_steps + step. All
// threads call it alike; those that have no step do not store.
fn quantize_step(values: vec4<f32>, factor: f32, step_at: u32, stores: bool, index: u32) {
  let thread = index % 64u;
  let in_block = index * 4u / out_block;
  workgroupBarrier();
  if (index * 4u % out_block == 0u) {
    atomicStore(&largest[in_block], 0u);
  }
  if (index % 4u == 0u) {
    atomicStore(&code_sums[index / 4u], 0);
  }
  workgroupBarrier();
  atomicMax(&largest[in_block], max(max(magnitude_of(values.x), magnitude_of(values.y)),
                                    max(magnitude_of(values.z), magnitude_of(values.w))));
  workgroupBarrier();
  let most_bits = atomicLoad(&largest[in_block]);
  let code = codes_of(values, most_bits);
  if (stores) {
    out_codes[step_at * 64u + thread] = packed(code);
  }
  atomicAdd(&code_sums[index / 4u], code.x + code.y + code.z + code.w);
  workgroupBarrier();
  if (stores && thread % 8u == 0u) {
    let first = atomicLoad(&code_sums[index / 4u]);
    let second = atomicLoad(&code_sums[index / 4u + 1u]);
    let d = bitcast<f32>(d_bits_of(most_bits)) * factor;
    out_chunks[step_at * 8u + thread / 8u] = vec2((u32(first) & 0xffffu) | u32(second) << 16u, bitcast<u32>(d));
  }
}
