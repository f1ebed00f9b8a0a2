// Ahead of kernels: the weights of a chunk of 32 columns, as weight_layout.hpp has them, and their scales. Ahead of this
// stand the constants of WeightLayout; behind it the buffers `wide`, `pairs`, `bits` and `scales`. Where `chunk` is a literal,
// all that depends on it is folded away.
//
// `step` counts steps over (panels, steps); `lane` is the row in its panel.
const panel_rows = 32u;
const chunks_per_step = 8u;

// Columns 4j ... 4j + 3 in the bytes of first[j], those 16 further in second[j].
struct Weights { first: vec4<u32>, second: vec4<u32> }

fn looked_up(indices: vec4<u32>) -> vec4<u32> {
  var weights = vec4<u32>();
  for (var shift = 0u; shift < 32u; shift += 8u) {
    let index = (indices >> vec4(shift)) & vec4(15u);
    let low = select(vec4(table[0]), vec4(table[1]), (index & vec4(4u)) != vec4(0u));
    let high = select(vec4(table[2]), vec4(table[3]), (index & vec4(4u)) != vec4(0u));
    let words = select(low, high, (index & vec4(8u)) != vec4(0u));
    weights |= ((words >> (index % vec4(4u) * 8u)) & vec4(255u)) << vec4(shift);
  }
  return weights;
}

// The words of a chunk as they stand: loads apart from what is made of them, so that a kernel can have many under way.
struct Words { a: vec4<u32>, b: vec4<u32>, bit: u32 }

fn load_words(step: u32, chunk: u32, lane: u32) -> Words {
  var words = Words();
  if (code_bits == 8u) {
    let unit = (step * chunks_per_step + chunk) * 2u * panel_rows + lane;
    words.a = wide[unit];
    words.b = wide[unit + panel_rows];
  } else if (code_bits >= 4u) {
    words.a = wide[(step * chunks_per_step + chunk) * panel_rows + lane];
  }
  if (code_bits == 2u || code_bits == 3u || code_bits == 6u) {
    words.b = pairs[(step * (chunks_per_step / 2u) + chunk / 2u) * panel_rows + lane];
  }
  if (code_bits == 3u || code_bits == 5u) {
    words.bit = bits[(step * (chunks_per_step / 4u) + chunk / 4u) * panel_rows + lane][chunk % 4u];
  }
  return words;
}

fn unpacked(words: Words, chunk: u32) -> Weights {
  if (code_bits == 8u) {
    return Weights(words.a, words.b);
  }
  var w = Weights();
  if (code_bits >= 4u) {
    w.first = words.a & vec4(0x0f0f0f0fu);
    w.second = (words.a >> vec4(4u)) & vec4(0x0f0f0f0fu);
  }
  if (code_bits == 2u || code_bits == 3u || code_bits == 6u) {
    let two = select(words.b.xy, words.b.zw, chunk % 2u == 1u);
    let to = vec4(select(0u, 4u, code_bits == 6u));
    w.first |= ((vec4(two.x) >> vec4(0u, 2u, 4u, 6u)) & vec4(0x03030303u)) << to;
    w.second |= ((vec4(two.y) >> vec4(0u, 2u, 4u, 6u)) & vec4(0x03030303u)) << to;
  }
  if (code_bits == 3u || code_bits == 5u) {
    let one = vec4(words.bit);
    w.first |= ((one >> vec4(0u, 1u, 2u, 3u)) & vec4(0x01010101u)) << vec4(code_bits - 1u);
    w.second |= ((one >> vec4(4u, 5u, 6u, 7u)) & vec4(0x01010101u)) << vec4(code_bits - 1u);
  }
  if (has_table) {
    return Weights(looked_up(w.first), looked_up(w.second));
  }
  return w;
}

// A word of the scales of a step of a row.
fn load_scale_word(step: u32, word: u32, lane: u32) -> u32 {
  return scales[(step * scale_words + word) * panel_rows + lane];
}

// A chunk has a word with its integer scales, or in blocks of 32 its d, alone or with other chunks, or those of its halves.
// Blocks of 256 have d and dmin in a word ahead of these.
const first_chunk_word = select(0u, 1u, block == 256u && has_scales);

// d and dmin, or where halves have their own (has_two_d) both d.
fn d_of(word: u32, chunk: u32) -> vec2<f32> {
  if (d_in_f32) {
    return vec2(bitcast<f32>(word), 0.0);
  }
  let d = unpack2x16float(word);
  if (block == 32u && !has_min && !has_two_d) {
    return vec2(d[chunk % 2u] * d_factor, 0.0);
  }
  return vec2(d.x * d_factor, d.y);
}

// Of the chunk's halves, and their minima.
struct Scales { scale: vec2<i32>, min: vec2<i32> }

fn scales_of(word: u32, chunk: u32) -> Scales {
  if (!has_scales) {
    return Scales(vec2(1), vec2(1));
  }
  let packed = i32(word);
  let first = chunk * scale_bytes % 4u * 8u;
  let x = extractBits(packed, first, 8u);
  if (scale_bytes == 1u) {
    return Scales(vec2(x), vec2(1));
  }
  let y = extractBits(packed, first + 8u, 8u);
  if (!has_min) {
    return Scales(vec2(x, y), vec2(1));
  }
  if (groups_per_chunk == 1u) {
    return Scales(vec2(x), vec2(y));
  }
  return Scales(vec2(x, y), vec2(extractBits(packed, first + 16u, 8u), extractBits(packed, first + 24u, 8u)));
}
