// Ahead of kernels: what a run of columns is normalised with. Each of `threads` threads adds up some of them, then 32
// threads some of those sums, then every thread those 32, all in order. Ahead of this stand `threads`, is_layer, has_weight
// and has_bias, behind it the buffers `x` and `vectors`.
struct View { at: u32, stride: u32 }

var<workgroup> sums: array<f32, threads>;
var<workgroup> sums_of_sums: array<f32, 32>;

fn total(thread: u32, mine: f32) -> f32 {
  sums[thread] = mine;
  workgroupBarrier();
  if (thread < 32u) {
    var sum = 0.0;
    for (var i = thread; i < threads; i += 32u) {
      sum += sums[i];
    }
    sums_of_sums[thread] = sum;
  }
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < 32u; i++) {
    sum += sums_of_sums[i];
  }
  return sum;
}

struct Factor { mean: f32, factor: f32 }

fn factor_of_squares(mean: f32, squares: f32, width: u32, epsilon: f32) -> Factor {
  return Factor(mean, 1.0 / sqrt(squares / f32(width) + epsilon));
}

// A number, normalised, times its weight, plus its bias.
fn normalised(f: Factor, value: f32, weight_at: u32, bias_at: u32) -> f32 {
  var y = (value - f.mean) * f.factor;
  if (has_weight) {
    y *= vectors[weight_at];
  }
  if (has_bias) {
    y += vectors[bias_at];
  }
  return y;
}
