// Zeros for keep_peaks.wgsl, a thread each.
var<immediate> count: u32;

@group(0) @binding(0) var<storage, read_write> peaks: array<u32>;
@group(0) @binding(1) var<storage, read_write> weighted_peaks: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < count) {
    peaks[id.x] = 0u;
    weighted_peaks[id.x] = 0u;
  }
}
