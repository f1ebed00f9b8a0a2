// A norm over all columns of a token, and the result in int8, a workgroup a token: what products with quantised weights
// begin with. Ahead of this stand norm_factor.wgsl and quantize_step.wgsl, which makes four steps at once.
struct Arguments { input: View, weight_at: u32, bias_at: u32, n_cols: u32, n_steps: u32, epsilon: f32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> vectors: array<f32>;
@group(0) @binding(2) var<storage, read_write> codes: array<u32>;
@group(0) @binding(3) var<storage, read_write> chunks: array<vec2<u32>>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let token = group.x;
  let first = arguments.input.at + token * arguments.input.stride;
  let factor = factor_of(first, arguments.n_cols, arguments.epsilon, thread);
  for (var done = 0u; done < arguments.n_steps; done += steps_at_once) {
    let step = done + thread / 64u;
    var values = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
      let column = step * 256u + thread % 64u * 4u + i;
      if (column < arguments.n_cols) {
        values[i] = normalised(factor, x[first + column], arguments.weight_at + column, arguments.bias_at + column);
      }
    }
    quantize_step(values, token * arguments.n_steps + step, step < arguments.n_steps, thread);
  }
}
