// Ahead of kernels that read the KV cache, behind kv_page.wgsl: eight columns of a key, or a value, at a slot of a page.
// Behind this stands the buffer `cache`, in units.
struct Octet { first: vec4<f32>, second: vec4<f32> }

fn four_codes(packed: u32) -> vec4<f32> {
  return vec4<f32>(vec4(i32(packed << 24u), i32(packed << 16u), i32(packed << 8u), i32(packed)) >> vec4(24u));
}

// Octet number `octet` of units that begin at `first` and are `step` apart; d is in the word `scale_at`.
fn octet_of(first: u32, step: u32, octet: u32, scale_at: u32) -> Octet {
  if (kv_type == kv_f16) {
    let unit = cache[first + octet * step];
    return Octet(vec4(unpack2x16float(unit.x), unpack2x16float(unit.y)),
                 vec4(unpack2x16float(unit.z), unpack2x16float(unit.w)));
  }
  if (kv_type == kv_f32) {
    let at = first + 2u * octet * step;
    return Octet(bitcast<vec4<f32>>(cache[at]), bitcast<vec4<f32>>(cache[at + step]));
  }
  let unit = cache[first + octet / 2u * step];
  let d = bitcast<f32>(cache[scale_at / 4u][scale_at % 4u]);
  let codes = select(unit.xy, unit.zw, octet % 2u == 1u);
  return Octet(four_codes(codes.x) * d, four_codes(codes.y) * d);
}

fn key_octet(page: u32, octet: u32, slot: u32) -> Octet {
  let scale = (page + key_scales_at) * 4u + octet / 4u * page_positions + slot;
  return octet_of(page + slot, page_positions, octet, scale);
}

// Where a head has no values, they are the first columns of its keys.
fn value_octet(page: u32, octet: u32, slot: u32) -> Octet {
  if (value_units == 0u) {
    return key_octet(page, octet, slot);
  }
  let scale = (page + value_scales_at) * 4u + slot * (value_units / 2u) + octet / 4u;
  return octet_of(page + values_at + slot * value_units, 1u, octet, scale);
}
