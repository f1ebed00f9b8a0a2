// The token of every row, by a workgroup, of the `kept` candidates that rank first, as first_candidates.wgsl leaves them:
// what the samplers top_k, top_p, min_p and temperature do in this order, and a draw.
//
// Ahead of this stands `kept`.
struct Choice { top_k: u32, min_keep: u32, top_p: f32, log_min_p: f32, temperature: f32, random: f32 }

@group(0) @binding(0) var<storage, read> candidates: array<u32>;  // (rows, kept) keys and tokens
@group(0) @binding(1) var<storage, read> choices: array<Choice>;
// As BatchResult::tokens.
@group(0) @binding(2) var<storage, read_write> chosen: array<i32>;

const threads = 64u;
const all_ruled_out = -2147483647 - 1;
var<workgroup> logits: array<f32, kept>;
var<workgroup> powers: array<f32, kept>;  // e^(logit - the highest)
var<workgroup> heated: array<f32, kept>;  // the same at the temperature

fn logit_of(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key & 0x7fffffffu, key >= 0x80000000u));
}

fn n_left_by_top_p(choice: Choice, n: u32) -> u32 {
  var total = 0.0;
  for (var i = 0u; i < n; i++) {
    total += powers[i];
  }
  var sum = 0.0;
  var count = 0u;
  while (count < n && sum < choice.top_p * total) {
    sum += powers[count];
    count++;
  }
  return min(n, max(count, choice.min_keep));
}

fn n_left_by_min_p(choice: Choice, n: u32) -> u32 {
  var count = 0u;
  while (count < n && logits[count] >= logits[0] + choice.log_min_p) {
    count++;
  }
  return min(n, max(count, choice.min_keep));
}

fn drawn(choice: Choice, n: u32) -> u32 {
  var total = 0.0;
  for (var i = 0u; i < n; i++) {
    total += heated[i];
  }
  let goal = choice.random * total;
  var sum = 0.0;
  var place = 0u;
  for (var i = 0u; i < n && heated[i] > 0.0; i++) {
    place = i;
    sum += heated[i];
    if (goal < sum) {
      break;
    }
  }
  return place;
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = group.x;
  let choice = choices[row];
  let first = row * kept * 2u;
  let highest = logit_of(candidates[first]);
  for (var i = thread; i < kept; i += threads) {
    let logit = logit_of(candidates[first + 2u * i]);
    logits[i] = logit;
    powers[i] = exp(logit - highest);
    heated[i] = exp(logit / choice.temperature - highest / choice.temperature);
  }
  workgroupBarrier();
  if (thread > 0u) {
    return;
  }
  if (candidates[first] == 0u) {
    chosen[row] = all_ruled_out;
  } else if (candidates[first] == 0xffffffffu) {
    chosen[row] = -1 - i32(candidates[first + 1u]);
  } else {
    var n = 1u;
    while (n < min(choice.top_k, kept) && candidates[first + 2u * n] != 0u) {
      n++;
    }
    if (choice.top_p < 1.0) {
      n = n_left_by_top_p(choice, n);
    }
    n = n_left_by_min_p(choice, n);
    chosen[row] = i32(candidates[first + 2u * drawn(choice, n) + 1u]);
  }
}
