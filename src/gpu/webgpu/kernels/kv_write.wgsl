// Ahead of kernels that write to the KV cache, behind kv_page.wgsl: columns 2 * pair and 2 * pair + 1 of a key, or a value,
// of a token. Behind this stand the buffers `batch` and `cache`.
fn store_key(token: u32, head: u32, pair: u32, key: vec2<f32>) {
  let position = batch[token];
  let at = page_at(token, position, head) + position % page_positions;
  if (kv_f16) {
    cache[at + pair * page_positions] = pack2x16float(key);
  } else {
    cache[at + 2u * pair * page_positions] = bitcast<u32>(key.x);
    cache[at + (2u * pair + 1u) * page_positions] = bitcast<u32>(key.y);
  }
}

fn store_value(token: u32, head: u32, pair: u32, value: vec2<f32>) {
  let position = batch[token];
  let column = position % page_positions * value_dim + 2u * pair;
  let at = page_at(token, position, head) + key_words;
  if (kv_f16) {
    cache[at + column / 2u] = pack2x16float(value);
  } else {
    cache[at + column] = bitcast<u32>(value.x);
    cache[at + column + 1u] = bitcast<u32>(value.y);
  }
}
