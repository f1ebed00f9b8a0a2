// out = softmax(scale * q k^T + mask) v of one head of one token a workgroup, over the pages of its sequence one after the
// other: 64 positions at a time, a thread each for the scores; then a thread has two columns of the values.
//
// Ahead of this stand kv_page.wgsl and out_dim, the columns of a result: value_dim, or where that is 0 so many of the first
// columns of the keys, which are then the values (latent attention).
struct View { at: u32, stride: u32 }
struct Arguments {
  q: View, out: View, group: u32, window: u32, scale: f32, soft_cap: f32, sinks_at: u32, has_sinks: u32,
  alibi_max_bias: f32, n_heads: u32,
}
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> cache: array<u32>;
@group(0) @binding(3) var<storage, read> vectors: array<f32>;

const lowest = -3.4028234e38;
const pairs_per_thread = (out_dim + 127u) / 128u;
var<workgroup> query: array<f32, key_dim>;
var<workgroup> tree: array<f32, 64>;
var<workgroup> weights: array<f32, 64>;

fn largest(thread: u32, mine: f32) -> f32 {
  workgroupBarrier();
  tree[thread] = mine;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) {
      tree[thread] = max(tree[thread], tree[thread + half]);
    }
  }
  workgroupBarrier();
  return tree[0];
}

fn total(thread: u32, mine: f32) -> f32 {
  workgroupBarrier();
  tree[thread] = mine;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) {
      tree[thread] += tree[thread + half];
    }
  }
  workgroupBarrier();
  return tree[0];
}

// ALiBi: slopes fall by powers of 2^(-max_bias / heads); heads beyond a power of two stand between them.
fn slope(head: u32) -> f32 {
  if (arguments.alibi_max_bias == 0.0) {
    return 0.0;
  }
  let power = 1u << firstLeadingBit(arguments.n_heads);
  var exponent = f32(head + 1u) / f32(power);
  if (head >= power) {
    exponent = f32(2u * (head - power) + 1u) / f32(2u * power);
  }
  return exp2(-arguments.alibi_max_bias * exponent);
}

fn key_pair(page: u32, pair: u32, slot: u32) -> vec2<f32> {
  if (kv_f16) {
    return unpack2x16float(cache[page + pair * page_positions + slot]);
  }
  return bitcast<vec2<f32>>(vec2(cache[page + 2u * pair * page_positions + slot],
                                 cache[page + (2u * pair + 1u) * page_positions + slot]));
}

fn value_pair(page: u32, pair: u32, slot: u32) -> vec2<f32> {
  if (value_dim == 0u) {
    return key_pair(page, pair, slot);
  }
  let values = page + key_words;
  if (kv_f16) {
    return unpack2x16float(cache[values + slot * value_dim / 2u + pair]);
  }
  return bitcast<vec2<f32>>(vec2(cache[values + slot * value_dim + 2u * pair],
                                 cache[values + slot * value_dim + 2u * pair + 1u]));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let head = group.x;
  let token = group.y;
  let kv_head = head / arguments.group;
  let first = arguments.q.at + token * arguments.q.stride + head * key_dim;
  for (var i = thread; i < key_dim; i += 64u) {
    query[i] = x[first + i];
  }
  workgroupBarrier();

  let position = batch[token];
  var begin = 0u;
  if (arguments.window > 0u && position + 1u > arguments.window) {
    begin = position + 1u - arguments.window;
  }
  let bias = slope(head);
  var best = lowest;
  var sum = 0.0;
  var values: array<vec2<f32>, pairs_per_thread>;
  for (var tile = begin / page_positions; tile <= position / page_positions; tile++) {
    let page = page_at(token, tile * page_positions, kv_head);
    let key_position = tile * page_positions + thread;
    let seen = key_position >= begin && key_position <= position;
    var score = lowest;
    if (seen) {
      var dot = 0.0;
      for (var pair = 0u; pair < key_dim / 2u; pair++) {
        let key = key_pair(page, pair, thread);
        dot = fma(query[2u * pair], key.x, dot);
        dot = fma(query[2u * pair + 1u], key.y, dot);
      }
      score = dot * arguments.scale;
      if (arguments.soft_cap != 0.0) {
        score = arguments.soft_cap * tanh(clamp(score / arguments.soft_cap, -10.0, 10.0));
      }
      score -= bias * f32(position - key_position);
    }
    let new_best = max(best, largest(thread, score));
    var weight = 0.0;
    if (seen) {
      weight = exp(score - new_best);
    }
    weights[thread] = weight;
    let kept = exp(best - new_best);
    sum = fma(sum, kept, total(thread, weight));
    best = new_best;
    for (var i = 0u; i < pairs_per_thread; i++) {
      let pair = i * 64u + thread;
      if (pair < out_dim / 2u) {
        var value = values[i] * kept;
        // Slots behind the position were never written and may hold anything.
        for (var slot = 0u; slot < min(page_positions, position + 1u - tile * page_positions); slot++) {
          value = fma(vec2(weights[slot]), value_pair(page, pair, slot), value);
        }
        values[i] = value;
      }
    }
  }
  if (arguments.has_sinks != 0u) {
    let sink = vectors[arguments.sinks_at + head];
    let new_best = max(best, sink);
    let kept = exp(best - new_best);
    sum = fma(sum, kept, exp(sink - new_best));
    for (var i = 0u; i < pairs_per_thread; i++) {
      values[i] *= kept;
    }
  }
  let out = arguments.out.at + token * arguments.out.stride + head * out_dim;
  for (var i = 0u; i < pairs_per_thread; i++) {
    let pair = i * 64u + thread;
    if (pair < out_dim / 2u) {
      x[out + 2u * pair] = values[i].x / sum;
      x[out + 2u * pair + 1u] = values[i].y / sum;
    }
  }
}
