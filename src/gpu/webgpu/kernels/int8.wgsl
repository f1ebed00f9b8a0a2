// Ahead of kernels: numbers in int8. A block is d * codes with d = max |x| / 127.499 and codes in [-127, 127], as on the CPU
// (src/kernels/generic/quantize.hpp). A block with a NaN or an infinity has codes 0 and d NaN.
const infinity_bits = 0x7f800000u;
const nan_bits = 0x7fc00000u;

// |x| as bits, which sort as the numbers do.
fn magnitude_of(value: f32) -> u32 {
  return bitcast<u32>(value) & 0x7fffffffu;
}

// Codes in a block whose greatest magnitude is that.
fn codes_of(values: vec4<f32>, most_bits: u32) -> vec4<i32> {
  let most = bitcast<f32>(most_bits);
  // The inverse must not overflow: tiny blocks are scaled up first, which is exact.
  let up = select(1.0, 18446744073709551616.0, most < 7.888609e-31);
  var code = vec4<i32>();
  if (most_bits > 0u && most_bits < infinity_bits) {
    code = clamp(vec4<i32>(round(values * up * (127.499 / (most * up)))), vec4(-127), vec4(127));
  }
  return code;
}

fn packed(code: vec4<i32>) -> u32 {
  let bytes = bitcast<vec4<u32>>(code) & vec4(255u);
  return bytes.x | bytes.y << 8u | bytes.z << 16u | bytes.w << 24u;
}

// d of such a block, as bits.
fn d_bits_of(most_bits: u32) -> u32 {
  return select(nan_bits, bitcast<u32>(bitcast<f32>(most_bits) / 127.499), most_bits < infinity_bits);
}
