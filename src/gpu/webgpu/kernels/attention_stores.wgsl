// Ahead of attention.wgsl where it rotates queries as it loads them, and the workgroup that has a token's own position
// stores its key and value: each octet by the thread that reads it next, so that nobody waits for it. Of one token, with
// one workgroup for all queries of a KV head, in f16 or f32. Ahead of this stands turned.wgsl.
@group(0) @binding(2) var<storage, read_write> cache: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> angles: array<f32>;

var<workgroup> own_key: array<f32, 8u * ((key_dim + 7u) / 8u)>;

fn query_number(tile: Tile, i: u32, column: u32) -> f32 {
  return turned(tile.tokens[i], first_query(tile, i), column);
}

// By all threads, ahead of a barrier.
fn load_own_key(token: u32, head: u32, thread: u32) {
  let head_at = arguments.k.at + token * arguments.k.stride + head * key_dim;
  for (var column = thread; column < key_columns; column += n_threads) {
    own_key[column] = 0.0;
    if (column < key_dim) {
      own_key[column] = turned(token, head_at, column);
    }
  }
}

// As octet_of in kv_read.wgsl finds it.
fn store_octet(first: u32, step: u32, octet: u32, a: vec4<f32>, b: vec4<f32>) {
  if (kv_type == kv_f16) {
    cache[first + octet * step] = vec4(pack2x16float(a.xy), pack2x16float(a.zw), pack2x16float(b.xy), pack2x16float(b.zw));
  } else {
    cache[first + 2u * octet * step] = bitcast<vec4<u32>>(a);
    cache[first + 2u * octet * step + step] = bitcast<vec4<u32>>(b);
  }
}

fn store_own_key(page: u32, slot: u32) {
  for (var octet = 0u; octet < arguments.key_octets; octet++) {
    let at = 8u * octet;
    store_octet(page + slot, page_positions, octet,
                vec4(own_key[at], own_key[at + 1u], own_key[at + 2u], own_key[at + 3u]),
                vec4(own_key[at + 4u], own_key[at + 5u], own_key[at + 6u], own_key[at + 7u]));
  }
}

fn new_value(first: u32, column: u32) -> vec4<f32> {
  var values = vec4<f32>();
  for (var i = 0u; i < 4u; i++) {
    if (column + i < value_dim) {
      values[i] = x[first + column + i];
    }
  }
  return values;
}

fn store_own_value(token: u32, head: u32, octet: u32, slot: u32) {
  let first = arguments.v.at + token * arguments.v.stride + head * arguments.v_head_stride;
  store_octet(pages[slot / page_positions] + values_at + slot % page_positions * value_units, 1u, octet,
              new_value(first, 8u * octet), new_value(first, 8u * octet + 4u));
}
