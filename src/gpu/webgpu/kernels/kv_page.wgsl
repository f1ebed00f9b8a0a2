// Ahead of kernels: a page of the KV cache has, for each KV head, keys (key_dim / 2, 64 positions), then values (64,
// value_dim / 2), in words of two f16; or twice as many words of f32. Of a batch there is in `batch`: the position of every
// token, from max_tokens on where its sequence's page table begins, and the page tables.
//
// Ahead of this stand key_dim, value_dim, n_kv_heads, kv_f16 and max_tokens.
const page_positions = 64u;
const head_words = page_positions * (key_dim + value_dim) / select(1u, 2u, kv_f16);
const key_words = page_positions * key_dim / select(1u, 2u, kv_f16);

// Where the page of a head begins that has `position` of a token's sequence.
fn page_at(token: u32, position: u32, head: u32) -> u32 {
  let page = batch[batch[max_tokens + token] + position / page_positions];
  return (page * n_kv_heads + head) * head_words;
}
