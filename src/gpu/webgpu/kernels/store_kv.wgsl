// Puts the keys and values of a batch into the cache of a layer, a chunk of columns a thread. Ahead of this stand
// kv_page.wgsl and kv_write.wgsl.
struct View { at: u32, stride: u32 }
struct Arguments { k: View, v: View, v_head_stride: u32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read_write> cache: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  const chunks = key_chunks + value_chunks;
  if (id.x >= n_kv_heads * chunks) {
    return;
  }
  let token = id.y;
  let head = id.x / chunks;
  let chunk = id.x % chunks;
  let is_key = chunk < key_chunks;
  var first = arguments.k.at + token * arguments.k.stride + head * key_dim;
  if (!is_key) {
    first = arguments.v.at + token * arguments.v.stride + head * arguments.v_head_stride;
  }
  let from_column = select(chunk - key_chunks, chunk, is_key) * stored_columns;
  let dim = select(value_dim, key_dim, is_key);
  var columns: Stored;
  for (var i = 0u; i < stored_columns; i++) {
    if (from_column + i < dim) {
      columns[i] = x[first + from_column + i];
    }
  }
  if (is_key) {
    store_key(token, head, chunk, columns);
  } else {
    store_value(token, head, chunk - key_chunks, columns);
  }
}
