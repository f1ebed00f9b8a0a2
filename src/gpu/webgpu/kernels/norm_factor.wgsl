// Ahead of kernels: what a run of columns is normalised with. Each of `threads` threads adds up some of them, then 32
// threads some of those sums, then every thread those 32, all in order. Ahead of this stand `threads`, is_layer, has_weight
// and has_bias, behind it the buffers `x` and `vectors`.
var<workgroup> thread_sums: array<f32, threads>;
var<workgroup> line_sums: array<f32, 32>;

fn total(thread: u32, mine: f32) -> f32 {
  thread_sums[thread] = mine;
  workgroupBarrier();
  if (thread < 32u) {
    var sum = 0.0;
    for (var i = thread; i < threads; i += 32u) {
      sum += thread_sums[i];
    }
    line_sums[thread] = sum;
  }
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < 32u; i++) {
    sum += line_sums[i];
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

// Of four columns, those beyond the last of which count for nothing.
fn sum_of(values: vec4<f32>) -> f32 {
  return (values.x + values.y) + (values.z + values.w);
}

fn squares_of(values: vec4<f32>, mean: f32, column: u32, n_cols: u32) -> f32 {
  var squares = 0.0;
  for (var i = 0u; i < 4u; i++) {
    if (column + i < n_cols) {
      squares = fma(values[i] - mean, values[i] - mean, squares);
    }
  }
  return squares;
}

fn normalised_four(f: Factor, values: vec4<f32>, column: u32, n_cols: u32, weight_at: u32, bias_at: u32) -> vec4<f32> {
  var y = vec4<f32>();
  for (var i = 0u; i < 4u; i++) {
    if (column + i < n_cols) {
      y[i] = normalised(f, values[i], weight_at + column + i, bias_at + column + i);
    }
  }
  return y;
}
