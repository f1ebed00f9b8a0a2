// The columns of every token, or of each of its heads, in a buffer of their own, row by row: what dense_product.wgsl reads.
struct View { at: u32, stride: u32 }
struct Arguments { input: View, n_cols: u32, head_stride: u32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> rows: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  if (id.x < arguments.n_cols) {
    rows[(id.y * groups.z + id.z) * arguments.n_cols + id.x] =
        x[arguments.input.at + id.y * arguments.input.stride + id.z * arguments.head_stride + id.x];
  }
}
