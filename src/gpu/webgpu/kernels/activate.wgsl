// out = activation(gate) * up, or the activation alone. Ahead of this stands activations.wgsl.
var<immediate> n: u32;

@group(0) @binding(0) var<storage, read> gate: array<f32>;
@group(0) @binding(1) var<storage, read> up: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * 256u + thread;
  if (i < n) {
    out[i] = gate_of(gate[i], up[min(i, arrayLength(&up) - 1u)]);
  }
}
