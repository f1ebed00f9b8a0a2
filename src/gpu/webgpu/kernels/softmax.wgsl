// out = e^(x - max x) / sum of e^(x - max x) over n numbers, by one workgroup; sums meet in a fixed tree.
var<immediate> n: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

const threads = 256u;
var<workgroup> shared_values: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(local_invocation_index) thread: u32) {
  var top = x[0];
  for (var i = thread; i < n; i += threads) {
    top = max(top, x[i]);
  }
  shared_values[thread] = top;
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) {
      shared_values[thread] = max(shared_values[thread], shared_values[thread + half]);
    }
  }
  workgroupBarrier();
  top = shared_values[0];
  workgroupBarrier();

  var sum = 0.0;
  for (var i = thread; i < n; i += threads) {
    let power = exp(x[i] - top);
    out[i] = power;
    sum += power;
  }
  shared_values[thread] = sum;
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) {
      shared_values[thread] += shared_values[thread + half];
    }
  }
  workgroupBarrier();
  let total = shared_values[0];
  for (var i = thread; i < n; i += threads) {
    out[i] = out[i] / total;
  }
}
