// Rotates pairs of columns of each head in place: halves (i, i + n_pairs) or neighbours (2i, 2i + 1). Ahead of this
// stands `halves`.
struct View { at: u32, stride: u32 }
// x: the first rotated column of the first head; angles: n_pairs cosines, then sines, of a token.
struct Arguments { x: View, angles: View, n_heads: u32, head_stride: u32, n_pairs: u32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> angles: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= arguments.n_heads * arguments.n_pairs) {
    return;
  }
  let head = id.x / arguments.n_pairs;
  let pair = id.x % arguments.n_pairs;
  let angle = arguments.angles.at + id.y * arguments.angles.stride + pair;
  let cosine = angles[angle];
  let sine = angles[angle + arguments.n_pairs];
  let columns = arguments.x.at + id.y * arguments.x.stride + head * arguments.head_stride;
  var first = columns + 2u * pair;
  var second = first + 1u;
  if (halves) {
    first = columns + pair;
    second = first + arguments.n_pairs;
  }
  let a = x[first];
  let b = x[second];
  x[first] = fma(a, cosine, -(b * sine));
  x[second] = fma(a, sine, b * cosine);
}
