// Sorts the pairs of a token and an expert that it chose by expert, then token, and cuts those of an expert into lots of up
// to `tokens`: their number, then expert, first pair and count of each. A thread of the one workgroup does some experts.
//
// Ahead of this stand n_experts, n_used and `tokens`.
struct Arguments { chosen_at: u32, chosen_stride: u32, pairs_at: u32, lots_at: u32, n_pairs: u32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;

const threads = 256u;
const none = 0xffffffffu;
const most_mine = (n_experts + threads - 1u) / threads;
var<workgroup> experts: array<u32, threads>;  // of as many pairs
var<workgroup> counts: array<u32, n_experts>;
var<workgroup> begins: array<u32, n_experts>;
var<workgroup> first_lots: array<u32, n_experts>;

fn load_experts(first_pair: u32, thread: u32) {
  let pair = first_pair + thread;
  workgroupBarrier();
  experts[thread] = none;
  if (pair < arguments.n_pairs) {
    experts[thread] = u32(x[arguments.chosen_at + pair / n_used * arguments.chosen_stride + pair % n_used]);
  }
  workgroupBarrier();
}

@compute @workgroup_size(threads)
fn main(@builtin(local_invocation_index) thread: u32) {
  var n: array<u32, most_mine>;
  for (var first = 0u; first < arguments.n_pairs; first += threads) {
    load_experts(first, thread);
    for (var i = 0u; i < threads; i++) {
      for (var mine = 0u; mine < most_mine; mine++) {
        n[mine] += u32(experts[i] == mine * threads + thread);
      }
    }
  }
  for (var mine = 0u; mine < most_mine; mine++) {
    if (mine * threads + thread < n_experts) {
      counts[mine * threads + thread] = n[mine];
    }
  }
  workgroupBarrier();
  if (thread == 0u) {
    var begin = 0u;
    var lot = 0u;
    for (var expert = 0u; expert < n_experts; expert++) {
      begins[expert] = begin;
      first_lots[expert] = lot;
      begin += counts[expert];
      lot += (counts[expert] + tokens - 1u) / tokens;
    }
    x[arguments.lots_at] = f32(lot);
  }
  workgroupBarrier();
  for (var mine = 0u; mine < most_mine; mine++) {
    let expert = mine * threads + thread;
    n[mine] = 0u;
    if (expert < n_experts) {
      n[mine] = begins[expert];
      for (var done = 0u; done < counts[expert]; done += tokens) {
        let lot = arguments.lots_at + 1u + 3u * (first_lots[expert] + done / tokens);
        x[lot] = f32(expert);
        x[lot + 1u] = f32(begins[expert] + done);
        x[lot + 2u] = f32(min(counts[expert] - done, tokens));
      }
    }
  }
  for (var first = 0u; first < arguments.n_pairs; first += threads) {
    load_experts(first, thread);
    for (var i = 0u; i < threads; i++) {
      for (var mine = 0u; mine < most_mine; mine++) {
        if (experts[i] == mine * threads + thread) {
          x[arguments.pairs_at + n[mine]] = f32(first + i);
          n[mine]++;
        }
      }
    }
  }
}
