// A norm over all columns of a token, and the result in int8, a workgroup a token: what products with quantised weights
// begin with. A thread keeps four columns of each of `rounds` rounds; 64 threads have a step. Ahead of this stand
// norm_factor.wgsl and quantize_step.wgsl.
struct View { at: u32, stride: u32 }
struct Arguments { input: View, weight_at: u32, bias_at: u32, n_cols: u32, n_steps: u32, epsilon: f32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> vectors: array<f32>;
@group(0) @binding(2) var<storage, read_write> out_codes: array<u32>;
@group(0) @binding(3) var<storage, read_write> out_chunks: array<vec2<u32>>;

fn load_four(first: u32, column: u32) -> vec4<f32> {
  var values = vec4<f32>();
  for (var i = 0u; i < 4u; i++) {
    if (column + i < arguments.n_cols) {
      values[i] = x[first + column + i];
    }
  }
  return values;
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let token = group.x;
  let first = arguments.input.at + token * arguments.input.stride;
  #repeat r rounds
  let column#r = (#ru * threads + thread) * 4u;
  let values#r = load_four(first, column#r);
  #end
  var mean = 0.0;
  if (is_layer) {
    var sum = 0.0;
    #repeat r rounds
    sum += sum_of(values#r);
    #end
    mean = total(thread, sum) / f32(arguments.n_cols);
  }
  var squares = 0.0;
  #repeat r rounds
  squares += squares_of(values#r, mean, column#r, arguments.n_cols);
  #end
  let factor = factor_of_squares(mean, total(thread, squares), arguments.n_cols, arguments.epsilon);
  #repeat r rounds
  {
    let values = normalised_four(factor, values#r, column#r, arguments.n_cols, arguments.weight_at, arguments.bias_at);
    let step = column#r / 256u;
    quantize_step(values, 1.0, token * arguments.n_steps + step, step < arguments.n_steps, thread);
  }
  #end
}
