// out[h] = (a[h], b[h]): the heads of two slots side by side.
struct View { at: u32, stride: u32 }
struct Arguments { a: View, b: View, out: View, n_heads: u32, a_width: u32, b_width: u32, a_stride: u32, b_stride: u32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let width = arguments.a_width + arguments.b_width;
  if (id.x >= arguments.n_heads * width) {
    return;
  }
  let head = id.x / width;
  let column = id.x % width;
  var first = arguments.a.at + id.y * arguments.a.stride + head * arguments.a_stride + column;
  if (column >= arguments.a_width) {
    first = arguments.b.at + id.y * arguments.b.stride + head * arguments.b_stride + column - arguments.a_width;
  }
  x[arguments.out.at + id.y * arguments.out.stride + id.x] = x[first];
}
