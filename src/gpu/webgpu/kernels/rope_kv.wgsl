// Rotates queries in place, and puts rotated keys and values into the cache of a layer: two numbers a thread. Ahead of this
// stand kv_page.wgsl, kv_write.wgsl, `halves` and n_heads.
struct View { at: u32, stride: u32 }
// angles: n_pairs cosines, then sines, of a token; the first 2 * n_pairs columns of a head turn.
struct Arguments { q: View, k: View, v: View, angles: View, n_pairs: u32, v_head_stride: u32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read_write> cache: array<u32>;
@group(0) @binding(3) var<storage, read> angles: array<f32>;

const head_pairs = key_dim / 2u;

// A column of a head, turned with the one it makes a pair with.
fn turned(token: u32, head_at: u32, column: u32) -> f32 {
  let value = x[head_at + column];
  if (column >= 2u * arguments.n_pairs) {
    return value;
  }
  var pair = column / 2u;
  var is_first = column % 2u == 0u;
  var partner = column ^ 1u;
  if (halves) {
    pair = column % arguments.n_pairs;
    is_first = column < arguments.n_pairs;
    partner = select(column - arguments.n_pairs, column + arguments.n_pairs, is_first);
  }
  let angle = arguments.angles.at + token * arguments.angles.stride + pair;
  let cosine = angles[angle];
  let sine = angles[angle + arguments.n_pairs];
  let other = x[head_at + partner];
  if (is_first) {
    return fma(value, cosine, -(other * sine));
  }
  return fma(other, sine, value * cosine);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let token = id.y;
  let head = id.x / head_pairs;
  let pair = id.x % head_pairs;
  if (head < n_heads) {
    // Both columns of a pair at once, since they stand in each other's place.
    if (pair < arguments.n_pairs) {
      let head_at = arguments.q.at + token * arguments.q.stride + head * key_dim;
      let first = select(2u * pair, pair, halves);
      let second = select(2u * pair + 1u, pair + arguments.n_pairs, halves);
      let a = turned(token, head_at, first);
      let b = turned(token, head_at, second);
      x[head_at + first] = a;
      x[head_at + second] = b;
    }
    return;
  }
  if (head < n_heads + n_kv_heads) {
    let kv_head = head - n_heads;
    let head_at = arguments.k.at + token * arguments.k.stride + kv_head * key_dim;
    store_key(token, kv_head, pair, vec2(turned(token, head_at, 2u * pair), turned(token, head_at, 2u * pair + 1u)));
    return;
  }
  let value_pair = id.x - (n_heads + n_kv_heads) * head_pairs;
  if (value_pair < n_kv_heads * value_dim / 2u) {
    let kv_head = value_pair / (value_dim / 2u);
    let column = value_pair % (value_dim / 2u);
    let first = arguments.v.at + token * arguments.v.stride + kv_head * arguments.v_head_stride + 2u * column;
    store_value(token, kv_head, column, vec2(x[first], x[first + 1u]));
  }
}
