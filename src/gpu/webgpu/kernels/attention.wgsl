// out = softmax(scale * q k^T + mask) v, for four queries of one KV head at once, which share the loads of keys and values:
// `heads` heads of each of up to `tile_tokens` tokens of one sequence, whose positions divided by tile_tokens are the same.
// A query that is missing is computed as a copy of another and not stored.
//
// Positions are taken in splits that are aligned to position. Scores of a split are made by a thread a position, or two;
// then a thread sums eight columns of the values over every n_lanes-th position, and the sums of the lanes are added in
// order. What a query sums in a split does not depend on the others. Splits are folded one after the other, each with
// its own maximum: here, where a workgroup does all of them, or where it does one (`is_split`) in attention_fold.wgsl, in
// the same order. A token's key and value may be stored on the way (`stores`, attention_stores.wgsl).
//
// Ahead of this stand kv_page.wgsl, kv_read.wgsl, attention_softmax.wgsl, attention_reads.wgsl or attention_stores.wgsl and
// constants: out_dim, `group`, the query heads of a KV head, `heads`, tile_tokens, split_positions, n_threads, n_lanes,
// octets_at_once, is_split, `stores`, and one_token, where a batch has no more.
alias Numbers = vec4<f32>;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(3) var<storage, read> vectors: array<f32>;

const key_octets = (key_dim + 7u) / 8u;
const key_columns = 8u * key_octets;
const out_octets = (out_dim + 7u) / 8u;
const most_summing = 128u;  // threads, whose sums fit the memory of workgroups
const pass_octets = min(most_summing / n_lanes, out_octets);  // that are summed at once
const n_summing = n_lanes * pass_octets;
const pass_columns = 8u * pass_octets;
const n_passes = (out_octets + pass_octets - 1u) / pass_octets;
const columns_of_thread = (pass_columns + n_threads - 1u) / n_threads;  // of a pass
const positions_of_thread = split_positions / n_threads;
const n_groups = 16u;  // of positions, whose largest scores, or sums of weights, are found together

var<workgroup> query: array<vec4<f32>, key_columns>;
var<workgroup> weights: array<vec4<f32>, split_positions>;  // scores first
var<workgroup> pages: array<u32, split_positions / page_positions>;
var<workgroup> of_groups: array<vec4<f32>, n_groups>;
var<workgroup> group_sums: array<vec4<f32>, n_groups>;
var<workgroup> sums: array<vec4<f32>, 8u * n_summing>;

struct Tile {
  n_tokens: u32,  // 0: nothing to do
  kv_head: u32, n_heads: u32,
  tokens: vec4<u32>, heads: vec4<u32>,  // of the queries
  positions: vec4<u32>, begins: vec4<u32>,  // what they see
}

fn tile_of(group_id: vec3<u32>, n_tokens: u32) -> Tile {
  const chunks = (group + heads - 1u) / heads;
  var tile: Tile;
  tile.kv_head = group_id.x / chunks;
  let first_head = group_id.x % chunks * heads;
  tile.n_heads = min(heads, group - first_head);
  if (one_token) {
    let position = batch[0];
    tile.n_tokens = 1u;
    tile.heads = vec4(tile.kv_head * group + first_head) + min(vec4(0u, 1u, 2u, 3u), vec4(tile.n_heads - 1u));
    tile.positions = vec4(position);
    tile.begins = vec4(first_seen(position));
    return tile;
  }
  // The last tokens first: they see most.
  let token = n_tokens - 1u - group_id.y;
  let position = batch[token];
  let table = batch[max_tokens + token];
  if (token > 0u && batch[max_tokens + token - 1u] == table && batch[token - 1u] / tile_tokens == position / tile_tokens) {
    return tile;  // done with a token before
  }
  var count = 1u;
  while (count < tile_tokens && token + count < n_tokens && batch[max_tokens + token + count] == table &&
         batch[token + count] / tile_tokens == position / tile_tokens) {
    count++;
  }
  tile.n_tokens = count;
  let query_index = vec4(0u, 1u, 2u, 3u);
  tile.tokens = vec4(token) + min(query_index / heads, vec4(count - 1u));
  tile.heads = vec4(tile.kv_head * group + first_head) + min(query_index % heads, vec4(tile.n_heads - 1u));
  tile.positions = vec4(batch[tile.tokens.x], batch[tile.tokens.y], batch[tile.tokens.z], batch[tile.tokens.w]);
  tile.begins = vec4(first_seen(tile.positions.x), first_seen(tile.positions.y), first_seen(tile.positions.z),
                     first_seen(tile.positions.w));
  return tile;
}

struct Two { first: vec4<f32>, second: vec4<f32> }

// Goes on with the scores of one or two positions.
fn add_products(sum: Two, at: u32, a: Octet, b: Octet) -> Two {
  var s = sum;
  let first = array(query[at], query[at + 1u], query[at + 2u], query[at + 3u]);
  s.first = fma(first[0], vec4(a.first.x), s.first);
  s.first = fma(first[1], vec4(a.first.y), s.first);
  s.first = fma(first[2], vec4(a.first.z), s.first);
  s.first = fma(first[3], vec4(a.first.w), s.first);
  let second = array(query[at + 4u], query[at + 5u], query[at + 6u], query[at + 7u]);
  s.first = fma(second[0], vec4(a.second.x), s.first);
  s.first = fma(second[1], vec4(a.second.y), s.first);
  s.first = fma(second[2], vec4(a.second.z), s.first);
  s.first = fma(second[3], vec4(a.second.w), s.first);
  if (positions_of_thread == 2u) {
    s.second = fma(first[0], vec4(b.first.x), s.second);
    s.second = fma(first[1], vec4(b.first.y), s.second);
    s.second = fma(first[2], vec4(b.first.z), s.second);
    s.second = fma(first[3], vec4(b.first.w), s.second);
    s.second = fma(second[0], vec4(b.second.x), s.second);
    s.second = fma(second[1], vec4(b.second.y), s.second);
    s.second = fma(second[2], vec4(b.second.z), s.second);
    s.second = fma(second[3], vec4(b.second.w), s.second);
  }
  return s;
}

// Number i of the octets that are loaded at once, of the first position of a thread and of the second, if there are such.
fn next_key(page: u32, octet: u32, i: u32, slot: u32) -> Octet {
  if (i < octets_at_once) {
    return key_octet(page, octet + i, slot);
  }
  return Octet();
}
fn next_second_key(page: u32, octet: u32, i: u32, slot: u32) -> Octet {
  if (positions_of_thread == 2u) {
    return next_key(page, octet, i, slot);
  }
  return Octet();
}
fn add_next(sum: Two, octet: u32, i: u32, a: Octet, b: Octet) -> Two {
  if (i < octets_at_once) {
    return add_products(sum, 8u * (octet + i), a, b);
  }
  return sum;
}

// q k^T of the positions of a thread, at slots of two pages, which may be one. What counts is how much is being loaded at
// any time, so that as many loads as registers hold stand ahead of what needs them. Of one token the end of the loop is an
// argument, so that compilers leave it a loop: instructions that are done once have to be loaded too.
fn products(first_page: u32, first_slot: u32, second_page: u32, second_slot: u32) -> Two {
  var sum: Two;
  for (var octet = 0u; octet < select(key_octets, arguments.key_octets, one_token); octet += octets_at_once) {
    let a0 = next_key(first_page, octet, 0u, first_slot);
    let a1 = next_key(first_page, octet, 1u, first_slot);
    let a2 = next_key(first_page, octet, 2u, first_slot);
    let a3 = next_key(first_page, octet, 3u, first_slot);
    let a4 = next_key(first_page, octet, 4u, first_slot);
    let b0 = next_second_key(second_page, octet, 0u, second_slot);
    let b1 = next_second_key(second_page, octet, 1u, second_slot);
    let b2 = next_second_key(second_page, octet, 2u, second_slot);
    let b3 = next_second_key(second_page, octet, 3u, second_slot);
    let b4 = next_second_key(second_page, octet, 4u, second_slot);
    sum = add_next(sum, octet, 0u, a0, b0);
    sum = add_next(sum, octet, 1u, a1, b1);
    sum = add_next(sum, octet, 2u, a2, b2);
    sum = add_next(sum, octet, 3u, a3, b3);
    sum = add_next(sum, octet, 4u, a4, b4);
  }
  return sum;
}

fn is_seen(tile: Tile, position: u32) -> vec4<bool> {
  return (vec4(position) >= tile.begins) & (vec4(position) <= tile.positions);
}

fn score_of(tile: Tile, slopes: vec4<f32>, product: vec4<f32>, position: u32) -> vec4<f32> {
  var score = product * arguments.scale;
  if (arguments.soft_cap != 0.0) {
    score = arguments.soft_cap * tanh(clamp(score / arguments.soft_cap, vec4(-10.0), vec4(10.0)));
  }
  score = fma(-slopes, vec4<f32>(tile.positions - vec4(position)), score);
  return select(vec4(lowest), score, is_seen(tile, position));
}

fn weight_of(tile: Tile, score: vec4<f32>, best: vec4<f32>, position: u32) -> vec4<f32> {
  return select(vec4(0.0), exp(score - best), is_seen(tile, position));
}

// Of eight columns, for the four queries.
struct Columns {
  c0: vec4<f32>, c1: vec4<f32>, c2: vec4<f32>, c3: vec4<f32>,
  c4: vec4<f32>, c5: vec4<f32>, c6: vec4<f32>, c7: vec4<f32>,
}

fn add_value(s: Columns, w: vec4<f32>, v: Octet) -> Columns {
  return Columns(fma(w, vec4(v.first.x), s.c0), fma(w, vec4(v.first.y), s.c1), fma(w, vec4(v.first.z), s.c2),
                 fma(w, vec4(v.first.w), s.c3), fma(w, vec4(v.second.x), s.c4), fma(w, vec4(v.second.y), s.c5),
                 fma(w, vec4(v.second.z), s.c6), fma(w, vec4(v.second.w), s.c7));
}

// The same where not all queries see the position: a weight of 0 times what is not finite would be NaN.
fn add_seen_value(s: Columns, w: vec4<f32>, v: Octet) -> Columns {
  let next = add_value(s, w, v);
  let adds = w != vec4(0.0);
  return Columns(select(s.c0, next.c0, adds), select(s.c1, next.c1, adds), select(s.c2, next.c2, adds),
                 select(s.c3, next.c3, adds), select(s.c4, next.c4, adds), select(s.c5, next.c5, adds),
                 select(s.c6, next.c6, adds), select(s.c7, next.c7, adds));
}

// Threads beside each other load columns beside each other, or, of keys that are values, positions.
fn lane_of(thread: u32) -> u32 {
  return select(thread / pass_octets, thread % n_lanes, value_units == 0u);
}
fn octet_of_thread(thread: u32) -> u32 {
  return select(thread % pass_octets, thread / n_lanes, value_units == 0u);
}
fn thread_of(lane: u32, octet: u32) -> u32 {
  return select(lane * pass_octets + octet, octet * n_lanes + lane, value_units == 0u);
}

fn value_at(octet: u32, slot: u32) -> Octet {
  return value_octet(pages[slot / page_positions], octet, slot % page_positions);
}

// The sums of a lane, from slot `begin` of a split to `end`; queries see all slots from `all_begin` to `all_end`.
fn sum_values(octet: u32, lane: u32, begin: u32, all_begin: u32, all_end: u32, end: u32) -> Columns {
  var s: Columns;
  var slot = begin + (lane + n_lanes - begin % n_lanes) % n_lanes;
  while (slot < end) {
    if (slot >= all_begin && slot + 7u * n_lanes < all_end) {
      let v0 = value_at(octet, slot + 0u * n_lanes);
      let v1 = value_at(octet, slot + 1u * n_lanes);
      let v2 = value_at(octet, slot + 2u * n_lanes);
      let v3 = value_at(octet, slot + 3u * n_lanes);
      let v4 = value_at(octet, slot + 4u * n_lanes);
      let v5 = value_at(octet, slot + 5u * n_lanes);
      let v6 = value_at(octet, slot + 6u * n_lanes);
      let v7 = value_at(octet, slot + 7u * n_lanes);
      s = add_value(s, weights[slot + 0u * n_lanes], v0);
      s = add_value(s, weights[slot + 1u * n_lanes], v1);
      s = add_value(s, weights[slot + 2u * n_lanes], v2);
      s = add_value(s, weights[slot + 3u * n_lanes], v3);
      s = add_value(s, weights[slot + 4u * n_lanes], v4);
      s = add_value(s, weights[slot + 5u * n_lanes], v5);
      s = add_value(s, weights[slot + 6u * n_lanes], v6);
      s = add_value(s, weights[slot + 7u * n_lanes], v7);
      slot += 8u * n_lanes;
    } else {
      let next = vec4(slot) + vec4(0u, 1u, 2u, 3u) * n_lanes;
      let are_there = next < vec4(end);
      let slots = min(next, vec4(end - 1u));
      let v0 = value_at(octet, slots.x);
      let v1 = value_at(octet, slots.y);
      let v2 = value_at(octet, slots.z);
      let v3 = value_at(octet, slots.w);
      s = add_seen_value(s, select(vec4(0.0), weights[slots.x], are_there.x), v0);
      s = add_seen_value(s, select(vec4(0.0), weights[slots.y], are_there.y), v1);
      s = add_seen_value(s, select(vec4(0.0), weights[slots.z], are_there.z), v2);
      s = add_seen_value(s, select(vec4(0.0), weights[slots.w], are_there.w), v3);
      slot += 4u * n_lanes;
    }
  }
  return s;
}

// ALiBi: slopes fall by powers of 2^(-max_bias / heads); heads beyond a power of two stand between them.
fn slopes_of(heads_of: vec4<u32>) -> vec4<f32> {
  let power = 1u << firstLeadingBit(arguments.n_heads);
  let between = vec4<f32>(2u * (heads_of - vec4(power)) + 1u) / f32(2u * power);
  let exponents = select(vec4<f32>(heads_of + 1u) / f32(power), between, heads_of >= vec4(power));
  return select(exp2(-arguments.alibi_max_bias * exponents), vec4(0.0), arguments.alibi_max_bias == 0.0);
}

fn first_query(tile: Tile, i: u32) -> u32 {
  return arguments.q.at + tile.tokens[i] * arguments.q.stride + tile.heads[i] * key_dim;
}

fn is_stored(tile: Tile, i: u32) -> bool {
  return i / heads < tile.n_tokens && i % heads < tile.n_heads;
}

// Leaves scores of a split in `weights`.
fn make_scores(tile: Tile, slopes: vec4<f32>, start: u32, begin: u32, end: u32, thread: u32) {
  let table = batch[max_tokens + tile.tokens.x];
  var slots = vec2(thread, thread + n_threads * (positions_of_thread - 1u));
  let looks = (slots >= vec2(begin)) & (slots < vec2(end));
  var scores = Two(vec4(lowest), vec4(lowest));
  if (any(looks)) {
    // A position that nobody sees may have no page, and is computed as a copy of the other.
    let loaded = select(slots.yx, slots, looks);
    let in_pages = vec2(page_at(table, start + loaded.x, tile.kv_head), page_at(table, start + loaded.y, tile.kv_head));
    let in_page = loaded % vec2(page_positions);
    if (stores) {
      let own = tile.positions.x - start;
      if (any(slots == vec2(own))) {
        store_own_key(page_at(table, tile.positions.x, tile.kv_head), own % page_positions);
      }
    }
    let product = products(in_pages.x, in_page.x, in_pages.y, in_page.y);
    scores.first = score_of(tile, slopes, product.first, start + slots.x);
    scores.second = score_of(tile, slopes, product.second, start + slots.y);
  }
  weights[slots.x] = scores.first;
  if (positions_of_thread == 2u) {
    weights[slots.y] = scores.second;
  }
  for (var page = thread; page < split_positions / page_positions; page += n_threads) {
    if (page * page_positions < end) {
      pages[page] = page_at(table, start + page * page_positions, tile.kv_head);
    }
  }
}

// Of groups, without a loop, whose loads would wait for each other.
fn best_of_four(i: u32) -> vec4<f32> {
  return max(max(of_groups[i], of_groups[i + 1u]), max(of_groups[i + 2u], of_groups[i + 3u]));
}
fn sum_of_four(i: u32) -> vec4<f32> {
  return (group_sums[i] + group_sums[i + 1u]) + (group_sums[i + 2u] + group_sums[i + 3u]);
}

// Makes weights of the scores and their sums; returns the largest scores.
fn make_weights(tile: Tile, start: u32, thread: u32) -> vec4<f32> {
  workgroupBarrier();
  if (thread < n_groups) {
    var best = vec4(lowest);
    for (var slot = thread; slot < split_positions; slot += 4u * n_groups) {
      best = max(best, max(max(weights[slot], weights[slot + n_groups]),
                           max(weights[slot + 2u * n_groups], weights[slot + 3u * n_groups])));
    }
    of_groups[thread] = best;
  }
  workgroupBarrier();
  let best = max(max(best_of_four(0u), best_of_four(4u)), max(best_of_four(8u), best_of_four(12u)));
  for (var slot = thread; slot < split_positions; slot += n_threads) {
    weights[slot] = weight_of(tile, weights[slot], best, start + slot);
  }
  workgroupBarrier();
  if (thread < n_groups) {
    var sum = vec4(0.0);
    for (var slot = thread; slot < split_positions; slot += 4u * n_groups) {
      sum += (weights[slot] + weights[slot + n_groups]) + (weights[slot + 2u * n_groups] + weights[slot + 3u * n_groups]);
    }
    group_sums[thread] = sum;
  }
  return best;
}

// Column number i of a thread in a pass, in the order in which the sums of lanes stand.
struct Place { column: u32, c: u32, octet: u32, is_there: bool }
fn place_of(pass_index: u32, i: u32, thread: u32) -> Place {
  let at = i * n_threads + thread;
  let octet = at % pass_octets;
  let column = 8u * (pass_index * pass_octets + octet) + at / pass_octets;
  return Place(column, at / pass_octets, octet, at < pass_columns && column < out_dim);
}

@compute @workgroup_size(n_threads)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let tile = tile_of(group_id, groups.y);
  let first_splits = tile.begins / vec4(split_positions);
  let last_splits = tile.positions / vec4(split_positions);
  let split_begin = first_splits.x + select(0u, group_id.z, is_split);
  let split_end = select(last_splits.w, split_begin, is_split) + 1u;
  if (tile.n_tokens == 0u || split_begin > last_splits.w) {
    return;
  }
  for (var column = thread; column < key_columns; column += n_threads) {
    var q = vec4(0.0);
    if (column < key_dim) {
      q = vec4(query_number(tile, 0u, column), query_number(tile, 1u, column), query_number(tile, 2u, column),
               query_number(tile, 3u, column));
    }
    query[column] = q;
  }
  let slopes = slopes_of(tile.heads);
  if (split_end > last_splits.x) {
    load_own_key(tile.tokens.x, tile.kv_head, thread);
  }
  workgroupBarrier();

  var best = vec4(lowest);
  var sum = vec4(0.0);
  var totals: array<vec4<f32>, n_passes * columns_of_thread>;
  for (var split = split_begin; split < split_end; split++) {
    let start = split * split_positions;
    let begin = max(tile.begins.x, start) - start;
    let end = min(tile.positions.w + 1u, start + split_positions) - start;
    make_scores(tile, slopes, start, begin, end, thread);
    let split_best = make_weights(tile, start, thread);
    let all_begin = max(tile.begins.w, start) - start;
    let all_end = max(min(tile.positions.x + 1u, start + split_positions), start) - start;
    let sees = (vec4(split) >= first_splits) & (vec4(split) <= last_splits);
    let next = fold(best, split_best);
    for (var pass_index = 0u; pass_index < n_passes; pass_index++) {
      let octet = pass_index * pass_octets + octet_of_thread(thread);
      var s: Columns;
      if (thread < n_summing && octet < out_octets) {
        let own = tile.positions.x - start;
        if (stores && split == last_splits.x && own % n_lanes == lane_of(thread)) {
          store_own_value(tile.tokens.x, tile.kv_head, octet, own);
        }
        s = sum_values(octet, lane_of(thread), begin, all_begin, all_end, end);
      }
      workgroupBarrier();
      if (thread < n_summing) {
        sums[thread] = s.c0;
        sums[n_summing + thread] = s.c1;
        sums[2u * n_summing + thread] = s.c2;
        sums[3u * n_summing + thread] = s.c3;
        sums[4u * n_summing + thread] = s.c4;
        sums[5u * n_summing + thread] = s.c5;
        sums[6u * n_summing + thread] = s.c6;
        sums[7u * n_summing + thread] = s.c7;
      }
      workgroupBarrier();
      for (var i = 0u; i < columns_of_thread; i++) {
        let place = place_of(pass_index, i, thread);
        if (!place.is_there) {
          continue;
        }
        var value = sums[place.c * n_summing + thread_of(0u, place.octet)];
        for (var lane = 1u; lane < n_lanes; lane++) {
          value += sums[place.c * n_summing + thread_of(lane, place.octet)];
        }
        if (is_split) {
          for (var j = 0u; j < 4u; j++) {
            if (is_stored(tile, j) && sees[j]) {
              x[partial_at(tile.tokens[j], split - first_splits[j], tile.heads[j]) + place.column] = value[j];
            }
          }
        } else {
          let total = pass_index * columns_of_thread + i;
          totals[total] = select(totals[total], folded(totals[total], value, next), sees);
        }
      }
    }
    let split_sum = (sum_of_four(0u) + sum_of_four(4u)) + (sum_of_four(8u) + sum_of_four(12u));
    if (is_split) {
      for (var j = 0u; j < 4u; j++) {
        if (thread == 0u && is_stored(tile, j) && sees[j]) {
          let at = partial_at(tile.tokens[j], split - first_splits[j], tile.heads[j]) + out_dim;
          x[at] = split_best[j];
          x[at + 1u] = split_sum[j];
        }
      }
      return;
    }
    best = select(best, next.best, sees);
    sum = select(sum, folded(sum, split_sum, next), sees);
  }
  // A sink takes part in the softmax and has no value.
  if (arguments.has_sinks != 0u) {
    let sink = fold(best, vec4(vectors[arguments.sinks_at + tile.heads.x], vectors[arguments.sinks_at + tile.heads.y],
                               vectors[arguments.sinks_at + tile.heads.z], vectors[arguments.sinks_at + tile.heads.w]));
    sum = folded(sum, vec4(1.0), sink);
    for (var i = 0u; i < n_passes * columns_of_thread; i++) {
      totals[i] = folded(totals[i], vec4(0.0), sink);
    }
  }
  for (var pass_index = 0u; pass_index < n_passes; pass_index++) {
    for (var i = 0u; i < columns_of_thread; i++) {
      let place = place_of(pass_index, i, thread);
      let value = totals[pass_index * columns_of_thread + i] / sum;
      for (var j = 0u; j < 4u; j++) {
        if (place.is_there && is_stored(tile, j)) {
          let column = tile.heads[j] * out_dim + place.column;
          x[arguments.out.at + tile.tokens[j] * arguments.out.stride + column] = value[j];
          keep_peak(arguments.peaks_at + column / 256u, value[j]);
        }
      }
    }
  }
}
