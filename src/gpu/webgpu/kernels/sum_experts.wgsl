// out = the sum over a token's experts, one after the other, of weight * y.
struct View { at: u32, stride: u32 }
struct Arguments { y: View, weights: View, out: View, n_cols: u32, n_used: u32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let column = id.x;
  let token = id.y;
  if (column >= arguments.n_cols) {
    return;
  }
  let y = arguments.y.at + token * arguments.y.stride + column;
  let weights = arguments.weights.at + token * arguments.weights.stride;
  var sum = 0.0;
  for (var i = 0u; i < arguments.n_used; i++) {
    sum = fma(x[weights + i], x[y + i * arguments.n_cols], sum);
  }
  x[arguments.out.at + token * arguments.out.stride + column] = sum;
}
