// Reads memory and does nothing else: n vectors of 16 bytes, each thread every n_threads-th.
var<immediate> n: u32;

@group(0) @binding(0) var<storage, read> memory: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let n_threads = groups.x * 256u;
  var all = vec4<u32>();
  for (var i = id.x; i < n; i += n_threads) {
    all |= memory[i];
  }
  // Never true of memory that holds zeros, which the compiler does not know.
  if ((all.x | all.y | all.z | all.w) == 0x12345678u) {
    out[0] = all.x;
  }
}
