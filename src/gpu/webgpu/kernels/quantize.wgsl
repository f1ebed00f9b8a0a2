// Tokens in int8, for product.wgsl: a block (32 or 256 columns) is d * codes with d = max |x| / 127.499 and codes in
// [-127, 127], as on the CPU (src/kernels/generic/quantize.hpp). A block with a NaN or an infinity has codes 0 and d NaN.
// A workgroup makes 256 columns of a token, a thread four.
//
// Ahead of this stands `block`.
struct Sizes { n_cols: u32, n_steps: u32 }
var<immediate> sizes: Sizes;

@group(0) @binding(0) var<storage, read> x: array<f32>;                   // (n_tokens, n_cols)
@group(0) @binding(1) var<storage, read_write> codes: array<u32>;         // (n_tokens, n_steps, 64 words)
@group(0) @binding(2) var<storage, read_write> chunks: array<vec2<u32>>;  // (n_tokens, n_steps, 8): two sums of 16, d

const infinity_bits = 0x7f800000u;
const nan_bits = 0x7fc00000u;
var<workgroup> largest: array<u32, 64>;  // |x| as bits, which sort as the numbers do
var<workgroup> sums: array<i32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let step = group.x;
  let token = group.y;
  var values = vec4<f32>();
  for (var i = 0u; i < 4u; i++) {
    let column = step * 256u + thread * 4u + i;
    if (column < sizes.n_cols) {
      values[i] = x[token * sizes.n_cols + column];
    }
  }
  let magnitudes = bitcast<vec4<u32>>(values) & vec4(0x7fffffffu);
  largest[thread] = max(max(magnitudes.x, magnitudes.y), max(magnitudes.z, magnitudes.w));
  for (var half = block / 8u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread % (block / 4u) < half) {
      largest[thread] = max(largest[thread], largest[thread + half]);
    }
  }
  workgroupBarrier();
  let most_bits = largest[thread / (block / 4u) * (block / 4u)];
  let most = bitcast<f32>(most_bits);

  // The inverse must not overflow: tiny blocks are scaled up first, which is exact.
  let up = select(1.0, 18446744073709551616.0, most < 7.888609e-31);
  var code = vec4<i32>();
  if (most_bits > 0u && most_bits < infinity_bits) {
    code = clamp(vec4<i32>(round(values * up * (127.499 / (most * up)))), vec4(-127), vec4(127));
  }
  let bytes = bitcast<vec4<u32>>(code) & vec4(255u);
  codes[(token * sizes.n_steps + step) * 64u + thread] = bytes.x | bytes.y << 8u | bytes.z << 16u | bytes.w << 24u;
  sums[thread] = code.x + code.y + code.z + code.w;
  workgroupBarrier();
  if (thread % 8u == 0u) {
    let first = sums[thread] + sums[thread + 1u] + sums[thread + 2u] + sums[thread + 3u];
    let second = sums[thread + 4u] + sums[thread + 5u] + sums[thread + 6u] + sums[thread + 7u];
    let d = select(nan_bits, bitcast<u32>(most / 127.499), most_bits < infinity_bits);
    chunks[(token * sizes.n_steps + step) * 8u + thread / 8u] =
        vec2((u32(first) & 0xffffu) | u32(second) << 16u, d);
  }
}
