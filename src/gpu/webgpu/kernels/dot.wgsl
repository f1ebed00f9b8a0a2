// partial (n / 4096, rounded up) = sums of a * b over chunks of 4096 numbers: a thread adds every 256th number of a
// chunk, and the threads' sums meet in a fixed tree. sum.wgsl adds the chunks.
var<immediate> n: u32;

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> partial_sums: array<f32>;

const threads = 256u;
const chunk = 4096u;
var<workgroup> sums: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let index = group.y * groups.x + group.x;
  let first = index * chunk;
  var sum = 0.0;
  for (var i = first + thread; i < min(first + chunk, n); i += threads) {
    sum = fma(a[i], b[i], sum);
  }
  sums[thread] = sum;
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) {
      sums[thread] += sums[thread + half];
    }
  }
  // Groups beyond the last chunk fill the last line of groups.
  if (thread == 0u && first < n) {
    partial_sums[index] = sums[0];
  }
}
