// Tokens, or each of their heads, in int8, a workgroup 256 columns of one. Ahead of this stands quantize_step.wgsl.
struct View { at: u32, stride: u32 }
struct Sizes { x: View, n_cols: u32, n_steps: u32, head_stride: u32 }
var<immediate> sizes: Sizes;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out_codes: array<u32>;
@group(0) @binding(2) var<storage, read_write> out_chunks: array<vec2<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let step = group.x;
  let token = group.y;
  let head = group.z;
  let first = sizes.x.at + token * sizes.x.stride + head * sizes.head_stride;
  var values = vec4<f32>();
  for (var i = 0u; i < 4u; i++) {
    let column = step * 256u + thread * 4u + i;
    if (column < sizes.n_cols) {
      values[i] = x[first + column];
    }
  }
  quantize_step(values, 1.0, (token * groups.z + head) * sizes.n_steps + step, true, thread);
}
