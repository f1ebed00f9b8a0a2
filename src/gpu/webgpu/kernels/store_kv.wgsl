// Puts the keys and values of a batch into the cache of a layer, two numbers a thread. Ahead of this stand kv_page.wgsl and
// kv_write.wgsl.
struct View { at: u32, stride: u32 }
struct Arguments { k: View, v: View, v_head_stride: u32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read_write> cache: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  const key_pairs = key_dim / 2u;
  const pairs = (key_dim + value_dim) / 2u;
  if (id.x >= n_kv_heads * pairs) {
    return;
  }
  let token = id.y;
  let head = id.x / pairs;
  let pair = id.x % pairs;
  if (pair < key_pairs) {
    let first = arguments.k.at + token * arguments.k.stride + head * key_dim + 2u * pair;
    store_key(token, head, pair, vec2(x[first], x[first + 1u]));
  } else {
    let column = 2u * (pair - key_pairs);
    let first = arguments.v.at + token * arguments.v.stride + head * arguments.v_head_stride + column;
    store_value(token, head, pair - key_pairs, vec2(x[first], x[first + 1u]));
  }
}
