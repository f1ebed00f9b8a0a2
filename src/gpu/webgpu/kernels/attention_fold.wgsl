// Folds the results of attention's splits for one head of one token, in the order of position, as attention.wgsl does where
// one workgroup has them all. Ahead of this stand attention_softmax.wgsl, max_tokens, out_dim and split_positions.
alias Numbers = f32;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> vectors: array<f32>;

const n_threads = 128u;
const columns_of_thread = (out_dim + n_threads - 1u) / n_threads;
var<workgroup> bests: array<f32, n_threads>;
var<workgroup> sums: array<f32, n_threads>;
var<workgroup> folds: array<Folded, n_threads>;

// The values of a column in splits [0, count), folded into `total`.
fn fold_column(total: f32, first: u32, step: u32, count: u32) -> f32 {
  var value = total;
  for (var split = 0u; split < count; split += 8u) {
    // Loads ahead of what needs them, as many as registers hold.
    let v = array(x[first + min(split + 0u, count - 1u) * step], x[first + min(split + 1u, count - 1u) * step],
                  x[first + min(split + 2u, count - 1u) * step], x[first + min(split + 3u, count - 1u) * step],
                  x[first + min(split + 4u, count - 1u) * step], x[first + min(split + 5u, count - 1u) * step],
                  x[first + min(split + 6u, count - 1u) * step], x[first + min(split + 7u, count - 1u) * step]);
    value = fold_there(value, v[0], split + 0u, count);
    value = fold_there(value, v[1], split + 1u, count);
    value = fold_there(value, v[2], split + 2u, count);
    value = fold_there(value, v[3], split + 3u, count);
    value = fold_there(value, v[4], split + 4u, count);
    value = fold_there(value, v[5], split + 5u, count);
    value = fold_there(value, v[6], split + 6u, count);
    value = fold_there(value, v[7], split + 7u, count);
  }
  return value;
}

fn fold_there(total: f32, value: f32, split: u32, count: u32) -> f32 {
  if (split < count) {
    return folded(total, value, folds[split]);
  }
  return total;
}

@compute @workgroup_size(n_threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let head = group.x;
  let token = group.y;
  let position = batch[token];
  let n = position / split_positions - first_seen(position) / split_positions + 1u;
  let step = arguments.n_heads * (out_dim + 2u);
  var best = f32(lowest);
  var sum = 0.0;
  var totals: array<f32, columns_of_thread>;
  for (var first = 0u; first < n; first += n_threads) {
    let count = min(n_threads, n - first);
    let at = partial_at(token, first, head);
    workgroupBarrier();
    if (thread < count) {
      bests[thread] = x[at + thread * step + out_dim];
      sums[thread] = x[at + thread * step + out_dim + 1u];
    }
    workgroupBarrier();
    var before = best;
    for (var i = 0u; i < count; i++) {
      if (i < thread) {
        before = max(before, bests[i]);
      }
      best = max(best, bests[i]);
    }
    if (thread < count) {
      folds[thread] = fold(before, bests[thread]);
    }
    workgroupBarrier();
    for (var i = 0u; i < count; i++) {
      sum = folded(sum, sums[i], folds[i]);
    }
    for (var i = 0u; i < columns_of_thread; i++) {
      let column = i * n_threads + thread;
      if (column < out_dim) {
        totals[i] = fold_column(totals[i], at + column, step, count);
      }
    }
  }
  if (arguments.has_sinks != 0u) {
    let sink = fold(best, vectors[arguments.sinks_at + head]);
    sum = folded(sum, 1.0, sink);
    for (var i = 0u; i < columns_of_thread; i++) {
      totals[i] = folded(totals[i], 0.0, sink);
    }
  }
  for (var i = 0u; i < columns_of_thread; i++) {
    let column = i * n_threads + thread;
    if (column < out_dim) {
      let value = totals[i] / sum;
      x[arguments.out.at + token * arguments.out.stride + head * out_dim + column] = value;
      keep_peak(arguments.peaks_at + (head * out_dim + column) / 256u, value);
    }
  }
}
