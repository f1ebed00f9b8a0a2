// One operation on every column of every token: on numbers of the activations, and on a vector or rows that stand in
// another buffer. Ahead of this stand `operation` and activations.wgsl.
struct View { at: u32, stride: u32 }
struct Arguments { a: View, b: View, out: View, other: View, n_cols: u32, factor: f32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> others: array<f32>;

// As enum Elementwise counts.
const copy_other = 0u;      // factor * other
const add = 1u;             // a + factor * b
const add_rows = 2u;        // factor * a + other
const multiply_other = 3u;  // a * other
const scale = 4u;           // factor * a
const soft_cap = 5u;        // factor * tanh(a / factor)
const sigmoid_gate = 6u;    // a * sigmoid(b), one b a token

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let column = id.x;
  let token = id.y;
  if (column >= arguments.n_cols) {
    return;
  }
  let a = arguments.a.at + token * arguments.a.stride + column;
  let b = arguments.b.at + token * arguments.b.stride;
  let other = arguments.other.at + token * arguments.other.stride + column;
  let factor = arguments.factor;
  var value = 0.0;
  if (operation == copy_other) {
    value = factor * others[other];
  } else if (operation == add) {
    value = fma(factor, x[b + column], x[a]);
  } else if (operation == add_rows) {
    value = fma(factor, x[a], others[other]);
  } else if (operation == multiply_other) {
    value = x[a] * others[other];
  } else if (operation == scale) {
    value = factor * x[a];
  } else if (operation == soft_cap) {
    value = factor * bounded_tanh(x[a] / factor);
  } else {
    value = x[a] * sigmoid(x[b]);
  }
  x[arguments.out.at + token * arguments.out.stride + column] = value;
}
