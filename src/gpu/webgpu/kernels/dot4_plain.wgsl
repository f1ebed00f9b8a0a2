// Ahead of kernels, on GPUs that do not multiply four bytes at once: a . b, both four signed bytes.
fn dot4(a: u32, b: u32) -> i32 {
  let x = (vec4(i32(a)) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u);
  let y = (vec4(i32(b)) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u);
  return dot(x, y);
}
