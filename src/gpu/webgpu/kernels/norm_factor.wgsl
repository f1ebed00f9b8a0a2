// Ahead of kernels: what a run of columns is normalised with. Sums are over 256 lanes, then one tree. Ahead of this stand
// is_layer, has_weight and has_bias, behind it the buffers `x` and `vectors`.
struct View { at: u32, stride: u32 }

var<workgroup> sums: array<f32, 256>;

fn total(thread: u32, mine: f32) -> f32 {
  workgroupBarrier();
  sums[thread] = mine;
  for (var half = 128u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) {
      sums[thread] += sums[thread + half];
    }
  }
  workgroupBarrier();
  return sums[0];
}

struct Factor { mean: f32, factor: f32 }

// Of the `width` columns from `first` on.
fn factor_of(first: u32, width: u32, epsilon: f32, thread: u32) -> Factor {
  var mean = 0.0;
  if (is_layer) {
    var sum = 0.0;
    for (var i = thread; i < width; i += 256u) {
      sum += x[first + i];
    }
    mean = total(thread, sum) / f32(width);
  }
  var squares = 0.0;
  for (var i = thread; i < width; i += 256u) {
    let value = x[first + i] - mean;
    squares = fma(value, value, squares);
  }
  return Factor(mean, 1.0 / sqrt(total(thread, squares) / f32(width) + epsilon));
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
