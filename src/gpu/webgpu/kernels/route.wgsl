// Chooses n_used experts for every token, a workgroup a token: those that fewer than n_used others are better than. Of
// equals the lower index is better. Sums go in the order of the index, by every thread alike.
//
// Ahead of this stand n_experts, n_used, gating (as enum ExpertGating counts), has_bias (of the choice alone), n_groups
// (0: none), n_used_groups and normalise.
struct View { at: u32, stride: u32 }
struct Arguments { scores: View, experts: View, weights: View, bias_at: u32, scale: f32 }
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> vectors: array<f32>;

const threads = 64u;
const lowest = -3.4028234e38;
const n_qualities = max(n_groups, 1u);
const group_size = n_experts / n_qualities;
var<workgroup> gates: array<f32, n_experts>;
var<workgroup> ranked: array<f32, n_experts>;
var<workgroup> qualities: array<f32, n_qualities>;
var<workgroup> is_chosen: array<u32, n_experts>;  // 0 or 1: NVIDIA's driver 580 loses bool in workgroup memory
var<workgroup> chosen_gates: array<f32, n_used>;

fn is_better(a: f32, a_index: u32, b: f32, b_index: u32) -> bool {
  return a > b || (a == b && a_index < b_index);
}

// A group is as good as its two best experts together.
fn quality_of(group: u32) -> f32 {
  var first = lowest;
  var second = lowest;
  for (var i = group * group_size; i < (group + 1u) * group_size; i++) {
    second = max(second, min(first, ranked[i]));
    first = max(first, ranked[i]);
  }
  return first + select(0.0, second, group_size > 1u);
}

fn is_kept(group: u32) -> bool {
  var better = 0u;
  for (var g = 0u; g < n_groups; g++) {
    better += u32(is_better(qualities[g], g, qualities[group], group));
  }
  return better < n_used_groups;
}

// Experts outside the best groups become the worst.
fn keep_best_groups(thread: u32) {
  for (var g = thread; g < n_groups; g += threads) {
    qualities[g] = quality_of(g);
  }
  workgroupBarrier();
  for (var i = thread; i < n_experts; i += threads) {
    if (!is_kept(i / group_size)) {
      ranked[i] = lowest;
    }
  }
  workgroupBarrier();
}

fn weight_of(gate: f32, top: f32, total: f32) -> f32 {
  if (gating == 2u) {  // softmax of the chosen
    return exp(gate - top) / total;
  }
  return gate;
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let token = group.x;
  let scores = arguments.scores.at + token * arguments.scores.stride;
  var top = lowest;
  var total = 0.0;
  if (gating == 0u) {  // softmax over all
    for (var i = 0u; i < n_experts; i++) {
      top = max(top, x[scores + i]);
    }
    for (var i = 0u; i < n_experts; i++) {
      total += exp(x[scores + i] - top);
    }
  }
  for (var i = thread; i < n_experts; i += threads) {
    var gate = x[scores + i];
    if (gating == 0u) {
      gate = exp(gate - top) / total;
    } else if (gating == 1u) {  // sigmoid
      gate = 1.0 / (1.0 + exp(min(-gate, 87.0)));
    }
    gates[i] = gate;
    ranked[i] = gate;
    if (has_bias) {
      ranked[i] += vectors[arguments.bias_at + i];
    }
  }
  workgroupBarrier();
  if (n_groups > 0u) {
    keep_best_groups(thread);
  }
  for (var i = thread; i < n_experts; i += threads) {
    var better = 0u;
    for (var other = 0u; other < n_experts; other++) {
      better += u32(is_better(ranked[other], other, ranked[i], i));
    }
    is_chosen[i] = u32(better < n_used);
  }
  workgroupBarrier();

  // They are listed by index. Scores that are no numbers can make more of them, which have no place.
  for (var i = thread; i < n_experts; i += threads) {
    var place = 0u;
    for (var before = 0u; before < i; before++) {
      place += is_chosen[before];
    }
    if (is_chosen[i] == 1u && place < n_used) {
      x[arguments.experts.at + token * arguments.experts.stride + place] = f32(i);
      chosen_gates[place] = gates[i];
    }
  }
  workgroupBarrier();
  if (gating == 2u) {
    top = lowest;
    for (var i = 0u; i < n_used; i++) {
      top = max(top, chosen_gates[i]);
    }
    for (var i = 0u; i < n_used; i++) {
      total += exp(chosen_gates[i] - top);
    }
  }
  var sum = 0.0;
  for (var i = 0u; i < n_used; i++) {
    sum += weight_of(chosen_gates[i], top, total);
  }
  for (var i = thread; i < n_used; i += threads) {
    var weight = weight_of(chosen_gates[i], top, total);
    if (normalise) {
      weight /= sum;
    }
    x[arguments.weights.at + token * arguments.weights.stride + i] = weight * arguments.scale;
  }
}
