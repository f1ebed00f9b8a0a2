// out = in / sqrt(mean(in^2) + epsilon), or (in - mean) / sqrt(variance + epsilon), over every run of `width` columns,
// times a weight, plus a bias. A workgroup makes one run of one token. Ahead of this stands norm_factor.wgsl.
// weight and bias: `stride` columns from one run's to the next.
struct View { at: u32, stride: u32 }
struct Arguments { input: View, out: View, weight: View, bias: View, width: u32, epsilon: f32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> vectors: array<f32>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let run = group.x;
  let width = arguments.width;
  let first = arguments.input.at + group.y * arguments.input.stride + run * width;
  let out = arguments.out.at + group.y * arguments.out.stride + run * width;
  var mean = 0.0;
  if (is_layer) {
    var sum = 0.0;
    for (var i = thread; i < width; i += threads) {
      sum += x[first + i];
    }
    mean = total(thread, sum) / f32(width);
  }
  var squares = 0.0;
  for (var i = thread; i < width; i += threads) {
    let value = x[first + i] - mean;
    squares = fma(value, value, squares);
  }
  let factor = factor_of_squares(mean, total(thread, squares), width, arguments.epsilon);
  for (var i = thread; i < width; i += threads) {
    x[out + i] = normalised(factor, x[first + i], arguments.weight.at + run * arguments.weight.stride + i,
                            arguments.bias.at + run * arguments.bias.stride + i);
  }
}
