// Ahead of kernels: a page of the KV cache has 64 positions, for each KV head keys, then values. Columns stand in units of
// 16 bytes: 8 in f16, 4 in f32, 16 in q8_0; keys (key_units, 64), so that threads with a position each load what stands
// together, values (64, value_units). In q8_0 a block of 32 columns is d * codes, and words with the d as f32 stand behind
// keys, (key_blocks, 64), and values, (64, value_blocks). Of a batch there is in `batch`: the position of every token, from
// max_tokens on where its sequence's page table begins, and the page tables.
//
// Ahead of this stand the constants of GpuKvCache and max_tokens.
const kv_f16 = 0u;  // as kernels::KvFormat counts
const kv_f32 = 1u;
const kv_q8_0 = 2u;
const page_positions = 64u;
const block_columns = 32u;
const key_scales_at = page_positions * key_units;
const values_at = key_scales_at + select(0u, page_positions / 4u * (key_units / 2u), kv_type == kv_q8_0);
const value_scales_at = values_at + page_positions * value_units;

// The unit where the page of a head begins that has `position` of the sequence whose page table begins at `table`.
fn page_at(table: u32, position: u32, head: u32) -> u32 {
  return (batch[table + position / page_positions] * n_kv_heads + head) * head_units;
}
