// Ahead of attention.wgsl where queries are rotated already, and keys and values in the cache.
@group(0) @binding(2) var<storage, read> cache: array<vec4<u32>>;

fn query_number(tile: Tile, i: u32, column: u32) -> f32 {
  return x[first_query(tile, i) + column];
}

fn load_own_key(token: u32, head: u32, thread: u32) {
}

fn store_own_key(page: u32, slot: u32) {
}

fn store_own_value(token: u32, head: u32, octet: u32, slot: u32) {
}
