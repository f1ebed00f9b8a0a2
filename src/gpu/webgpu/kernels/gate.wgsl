// out = activation(gate) * up, or the activation alone, for every token. Ahead of this stands activations.wgsl.
struct View { at: u32, stride: u32 }
struct Arguments { gate: View, up: View, out: View, n_cols: u32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let column = id.x;
  let token = id.y;
  if (column >= arguments.n_cols) {
    return;
  }
  let gate = x[arguments.gate.at + token * arguments.gate.stride + column];
  let out = arguments.out.at + token * arguments.out.stride + column;
  x[out] = gate_of(gate, x[arguments.up.at + token * arguments.up.stride + column]);
}
