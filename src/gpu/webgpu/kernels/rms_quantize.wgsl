// An RMS norm over all columns of a token, and the result in int8, a workgroup a token: what products with quantised weights
// begin with, in the bits of f32_input.wgsl. A thread keeps four columns of each of `rounds` rounds; 64 threads have a step.
// Ahead of this stand late_norm.wgsl, quantize_step.wgsl, n_cols and has_weight.
struct View { at: u32, stride: u32 }
struct Arguments { input: View, norm: LateNorm }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> vectors: array<f32>;
@group(0) @binding(2) var<storage, read_write> out_codes: array<u32>;
@group(0) @binding(3) var<storage, read_write> out_chunks: array<vec2<u32>>;

fn load_four(first: u32, column: u32) -> vec4<f32> {
  var values = vec4<f32>();
  for (var i = 0u; i < 4u; i++) {
    if (column + i < n_cols) {
      values[i] = x[first + column + i];
    }
  }
  return values;
}

fn weighted_four(values: vec4<f32>, column: u32) -> vec4<f32> {
  var y = values;
  if (has_weight) {
    for (var i = 0u; i < 4u; i++) {
      if (column + i < n_cols) {
        y[i] *= vectors[arguments.norm.weight_at + column + i];
      }
    }
  }
  return y;
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let token = group.x;
  let first = arguments.input.at + token * arguments.input.stride;
  #repeat r rounds
  let column#r = (#ru * threads + thread) * 4u;
  let values#r = load_four(first, column#r);
  let weighted#r = weighted_four(values#r, column#r);
  #end
  #repeat r rounds
  if (column#r < n_steps * 256u) {
    keep_squares(column#r / 4u, values#r);
  }
  #end
  workgroupBarrier();
  if (thread < 32u) {
    add_squares(thread);
  }
  workgroupBarrier();
  let factor = late_factor(arguments.norm);
  #repeat r rounds
  {
    let step = column#r / 256u;
    quantize_step(weighted#r, factor, token * n_steps + step, step < n_steps, thread);
  }
  #end
}
