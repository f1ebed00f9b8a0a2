// Row i of out is the row of `input` that stands i-th in a list.
struct View { at: u32, stride: u32 }
struct Arguments { input: View, out: View, n_cols: u32, list_at: u32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> batch: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < arguments.n_cols) {
    let row = batch[arguments.list_at + id.y];
    x[arguments.out.at + id.y * arguments.out.stride + id.x] = x[arguments.input.at + row * arguments.input.stride + id.x];
  }
}
