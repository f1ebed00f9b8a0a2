// Rotates queries in place, two numbers a thread, and puts rotated keys and values into the cache of a layer, a chunk of
// columns a thread. Ahead of this stand kv_page.wgsl, kv_write.wgsl, turned.wgsl, `halves` and n_heads.
struct View { at: u32, stride: u32 }
// angles: n_pairs cosines, then sines, of a token; the first 2 * n_pairs columns of a head turn.
struct Arguments { q: View, k: View, v: View, angles: View, n_pairs: u32, v_head_stride: u32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read_write> cache: array<u32>;
@group(0) @binding(3) var<storage, read> angles: array<f32>;

const head_pairs = key_dim / 2u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let token = id.y;
  if (id.x < n_heads * head_pairs) {
    let pair = id.x % head_pairs;
    // Both columns of a pair at once, since they stand in each other's place.
    if (pair < arguments.n_pairs) {
      let head_at = arguments.q.at + token * arguments.q.stride + id.x / head_pairs * key_dim;
      let first = select(2u * pair, pair, halves);
      let second = select(2u * pair + 1u, pair + arguments.n_pairs, halves);
      let a = turned(token, head_at, first);
      let b = turned(token, head_at, second);
      x[head_at + first] = a;
      x[head_at + second] = b;
    }
    return;
  }
  var columns: Stored;
  let key = id.x - n_heads * head_pairs;
  if (key < n_kv_heads * key_chunks) {
    let head = key / key_chunks;
    let chunk = key % key_chunks;
    let head_at = arguments.k.at + token * arguments.k.stride + head * key_dim;
    for (var i = 0u; i < stored_columns; i++) {
      if (chunk * stored_columns + i < key_dim) {
        columns[i] = turned(token, head_at, chunk * stored_columns + i);
      }
    }
    store_key(token, head, chunk, columns);
    return;
  }
  let value = key - n_kv_heads * key_chunks;
  if (value < n_kv_heads * value_chunks) {
    let head = value / value_chunks;
    let chunk = value % value_chunks;
    let first = arguments.v.at + token * arguments.v.stride + head * arguments.v_head_stride;
    for (var i = 0u; i < stored_columns; i++) {
      if (chunk * stored_columns + i < value_dim) {
        columns[i] = x[first + chunk * stored_columns + i];
      }
    }
    store_value(token, head, chunk, columns);
  }
}
