// Ahead of kernels that read rows of numbers in units of 16 bytes. Ahead of this stands `number` (0: f32, 1: f16, 2: bf16).
const unit_columns = select(8u, 4u, number == 0u);

// Number `i` of a unit.
fn dense_number(unit: vec4<u32>, i: u32) -> f32 {
  if (number == 0u) {
    return bitcast<f32>(unit[i]);
  }
  let word = unit[i / 2u];
  if (number == 1u) {
    return unpack2x16float(word)[i % 2u];
  }
  return bitcast<f32>(select(word << 16u, word & 0xffff0000u, i % 2u == 1u));
}
