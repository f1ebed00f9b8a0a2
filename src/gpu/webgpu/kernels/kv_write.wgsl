// Ahead of kernels that write to the KV cache, behind kv_page.wgsl: columns of a key, or a value, of a token, as many as a
// thread stores at once. Columns beyond a head's fill its last unit or block and are 0. Behind this stand the buffers
// `batch` and `cache`, in words.
const stored_columns = select(2u, block_columns, kv_type == kv_q8_0);
const unit_columns = select(select(16u, 4u, kv_type == kv_f32), 8u, kv_type == kv_f16);
const key_chunks = key_units * unit_columns / stored_columns;
const value_chunks = value_units * unit_columns / stored_columns;
alias Stored = array<f32, stored_columns>;

// A number that is positive, or not finite, as f16 has it.
fn rounded_to_f16(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if (bits >= 0x477ff000u) {
    return bitcast<f32>(bits | 0x7f800000u);  // beyond all f16
  }
  if (bits < 0x38800000u) {
    return (x + 0.5) - 0.5;  // subnormal in f16: multiples of 2^-24
  }
  return bitcast<f32>((bits + 0xfffu + (bits >> 13u & 1u)) & 0xffffe000u);
}

// The numbers in words from `first` on, `step` words from one unit to the next; returns the d of a block.
fn store_columns(first: u32, step: u32, numbers: Stored) -> f32 {
  var x = numbers;
  if (kv_type == kv_f16) {
    cache[first] = pack2x16float(vec2(x[0], x[1]));
    return 0.0;
  }
  if (kv_type == kv_f32) {
    cache[first] = bitcast<u32>(x[0]);
    cache[first + 1u] = bitcast<u32>(x[1]);
    return 0.0;
  }
  // As on the CPU (src/kernels/generic/attention.hpp); a block that is not finite stays so.
  var most = 0u;
  for (var i = 0u; i < stored_columns; i++) {
    most = max(most, bitcast<u32>(x[i]) & 0x7fffffffu);
  }
  let finite = most < 0x7f800000u;
  var d = bitcast<f32>(most);
  if (finite) {
    d = rounded_to_f16(d / 127.0);
  }
  var inverse = 0.0;
  if (finite && d > 0.0) {
    inverse = 1.0 / d;
  }
  for (var word = 0u; word < stored_columns / 4u; word++) {
    var packed = 0u;
    for (var i = 0u; i < 4u; i++) {
      var code = 0;
      if (finite) {
        code = i32(round(clamp(x[4u * word + i] * inverse, -127.0, 127.0)));
      }
      packed |= (u32(code) & 255u) << (8u * i);
    }
    cache[first + word / 4u * step + word % 4u] = packed;
  }
  return d;
}

fn store_key(token: u32, head: u32, chunk: u32, key: Stored) {
  let page = page_at(batch[max_tokens + token], batch[token], head);
  let slot = batch[token] % page_positions;
  let column = chunk * stored_columns;
  let word = column % unit_columns * 4u / unit_columns;
  let d = store_columns((page + column / unit_columns * page_positions + slot) * 4u + word, 4u * page_positions, key);
  if (kv_type == kv_q8_0) {
    cache[(page + key_scales_at) * 4u + chunk * page_positions + slot] = bitcast<u32>(d);
  }
}

fn store_value(token: u32, head: u32, chunk: u32, value: Stored) {
  let page = page_at(batch[max_tokens + token], batch[token], head);
  let slot = batch[token] % page_positions;
  let column = chunk * stored_columns;
  let word = column % unit_columns * 4u / unit_columns;
  let d = store_columns((page + values_at + slot * value_units + column / unit_columns) * 4u + word, 4u, value);
  if (kv_type == kv_q8_0) {
    cache[(page + value_scales_at) * 4u + slot * value_chunks + chunk] = bitcast<u32>(d);
  }
}
