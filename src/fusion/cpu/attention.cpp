#include <algorithm>
#include <cmath>

#include "base/math.hpp"
#include "fusion/cpu/execution.hpp"
#include "kernels/kernel_table.hpp"

// Attention: for each token and KV head the segments of 512 positions, one after the other, each merged into
// what the ones before gave. The boundaries are fixed by position, so that it does not matter who computes
// which segment.
namespace realizar::fusion::cpu {
namespace {

using kernels::AttentionQuery;
using kernels::kv_segment;
using kernels::max_attention_queries;

/// A worker's own memory.
struct Scratch {
  float* parts;  // (max_attention_queries, out_dim): partial results
  float* page;   // (64, key_dim + out_dim): a page in f32

  Scratch(const Attention& op, std::span<float> numbers)
      : parts(numbers.data()), page(parts + kernels::max_attention_queries * (op.out.width / op.n_heads)) {}
};

/// What is the same for all tokens of an op.
struct Layer {
  const Attention& op;
  Execution& e;
  int n_kv_heads, group;  // query heads that share a KV head
  int key_dim, out_dim;
  const kernels::KernelTable& table;

  Layer(const Attention& attention, Execution& execution)
      : op(attention),
        e(execution),
        n_kv_heads(e.kv.shape(op.layer).n_kv_heads),
        group(op.n_heads / n_kv_heads),
        key_dim(e.kv.shape(op.layer).key_dim),
        out_dim(op.out.width / op.n_heads),
        table(kernels::kernels()) {}

  int64_t position(int64_t token) const { return e.batch.positions[static_cast<size_t>(token)]; }
  int64_t first_seen(int64_t token) const {
    return op.window > 0 ? std::max<int64_t>(0, position(token) - op.window + 1) : 0;
  }
  int64_t first_segment(int64_t token) const { return first_seen(token) / kv_segment; }
  int64_t n_segments(int64_t token) const { return position(token) / kv_segment - first_segment(token) + 1; }

  kernels::AttentionSegment segment(int64_t token, int kv_head) const {
    const auto sequence = static_cast<size_t>(e.batch.sequences[static_cast<size_t>(token)]);
    kernels::AttentionSegment out = e.kv.segment(op.layer, kv_head, e.batch.page_tables[sequence]);
    out.out_dim = out_dim;
    out.scale = op.scale;
    out.soft_cap = op.soft_cap;
    return out;
  }

  /// ALiBi: slopes fall by powers of 2^(-max_bias / heads); heads beyond a power of two stand between them.
  float slope(int head) const {
    if (op.alibi_max_bias == 0) return 0;
    int power = 1;
    while (2 * power <= op.n_heads) power *= 2;
    const double exponent = head < power ? (head + 1.0) / power : (2.0 * (head - power) + 1) / (2.0 * power);
    constexpr double ln2 = 0x1.62e42fefa39efp-1;
    return static_cast<float>(portable_exp(-static_cast<double>(op.alibi_max_bias) * exponent * ln2));
  }

  AttentionQuery query(int64_t token, int head, int64_t segment_index, float* out) const {
    AttentionQuery q{};
    q.q = e.row(op.q, token).data() + int64_t{head} * key_dim;
    q.position = position(token);
    q.begin = std::max(first_seen(token), segment_index * kv_segment);
    q.end = std::min(q.position + 1, (segment_index + 1) * kv_segment);
    q.slope = slope(head);
    q.out = out;
    return q;
  }

  float* out(int64_t token, int head) const { return e.row(op.out, token).data() + int64_t{head} * out_dim; }

  AttentionQuery start(float* out) const {
    std::fill_n(out, out_dim, 0.0f);
    AttentionQuery q{};
    q.out = out;
    q.max = -INFINITY;
    return q;
  }

  /// The sink takes part in the softmax and has no value; then all is divided by the sum.
  void finish(AttentionQuery& result, int head, float* scratch) const {
    if (op.sinks) {
      AttentionQuery sink = start(scratch);
      sink.max = e.weights.floats(op.sinks)[static_cast<size_t>(head)];
      sink.sum = 1;
      table.merge_attention(result, sink, out_dim);
    }
    table.scale(result.out, 1 / result.sum, out_dim, result.out);
  }
};

/// Query `i` of the tokens [first, ...) that share a KV head.
struct QueryIndex {
  int64_t token;
  int head;
};

/// The queries of some tokens of one sequence on one KV head, all segments one after the other.
void attend_all(const Layer& layer, int64_t first_token, int64_t n_tokens, int kv_head,
                const Scratch& scratch) {
  const int64_t n_queries = n_tokens * layer.group;
  const kernels::AttentionSegment segment = layer.segment(first_token, kv_head);
  for (int64_t from = 0; from < n_queries; from += max_attention_queries) {
    const int count = static_cast<int>(std::min<int64_t>(max_attention_queries, n_queries - from));
    QueryIndex index[max_attention_queries];
    AttentionQuery total[max_attention_queries], parts[max_attention_queries];
    int64_t begin = INT64_MAX, end = 0;  // segments
    for (int i = 0; i < count; ++i) {
      index[i] = {first_token + (from + i) / layer.group,
                  kv_head * layer.group + static_cast<int>((from + i) % layer.group)};
      begin = std::min(begin, layer.first_segment(index[i].token));
      end = std::max(end, layer.first_segment(index[i].token) + layer.n_segments(index[i].token));
    }
    for (int64_t s = begin; s < end; ++s) {
      int used = 0, owner[max_attention_queries];
      for (int i = 0; i < count; ++i) {
        // The first segment of a query needs no merging.
        const bool first = s == layer.first_segment(index[i].token);
        const AttentionQuery q = layer.query(
            index[i].token, index[i].head, s,
            first ? layer.out(index[i].token, index[i].head) : scratch.parts + int64_t{used} * layer.out_dim);
        if (q.begin >= q.end) continue;
        parts[used] = q;
        owner[used++] = i;
      }
      if (used == 0) continue;  // windows of tokens that stand apart
      layer.table.attend[static_cast<int>(layer.e.kv.type())](segment, parts, used, scratch.page);
      for (int i = 0; i < used; ++i) {
        const int to = owner[i];
        if (s == layer.first_segment(index[to].token))
          total[to] = parts[i];
        else
          layer.table.merge_attention(total[to], parts[i], layer.out_dim);
      }
    }
    for (int i = 0; i < count; ++i) layer.finish(total[i], index[i].head, scratch.parts);
  }
}

/// Tokens that one task takes: those of one sequence, so that queries share the keys they load.
int64_t same_sequence(const Execution& e, int64_t first, int64_t limit) {
  const auto sequence = [&](int64_t t) { return e.batch.sequences[static_cast<size_t>(t)]; };
  int64_t n = 1;
  while (n < limit && first + n < e.n_tokens && sequence(first + n) == sequence(first)) ++n;
  return n;
}

/// Few tokens with many positions: workers share the segments, then merge them in order.
void attend_split(const Layer& layer, int64_t max_segments, const Scratch& scratch) {
  Execution& e = layer.e;
  const int64_t stride = layer.out_dim + 2;  // a partial result, its max and its sum
  const auto partial = [&](int64_t token, int head, int64_t s) {
    return e.partial.data() + ((token * layer.op.n_heads + head) * max_segments + s) * stride;
  };
  const int64_t n_pairs = e.n_tokens * layer.n_kv_heads;
  e.pool.parallel_for(n_pairs * max_segments, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t s = task % max_segments, token = task / max_segments / layer.n_kv_heads;
      const int kv_head = static_cast<int>(task / max_segments % layer.n_kv_heads);
      if (s >= layer.n_segments(token)) continue;
      const kernels::AttentionSegment segment = layer.segment(token, kv_head);
      for (int h = 0; h < layer.group; h += max_attention_queries) {
        AttentionQuery parts[max_attention_queries];
        const int count = std::min(max_attention_queries, layer.group - h);
        const int head = kv_head * layer.group + h;
        for (int i = 0; i < count; ++i)
          parts[i] =
              layer.query(token, head + i, layer.first_segment(token) + s, partial(token, head + i, s));
        layer.table.attend[static_cast<int>(e.kv.type())](segment, parts, count, scratch.page);
        for (int i = 0; i < count; ++i) {
          parts[i].out[layer.out_dim] = parts[i].max;
          parts[i].out[layer.out_dim + 1] = parts[i].sum;
        }
      }
    }
  });
  e.pool.parallel_for(e.n_tokens * layer.op.n_heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t token = task / layer.op.n_heads;
      const int head = static_cast<int>(task % layer.op.n_heads);
      AttentionQuery total = layer.start(layer.out(token, head));
      for (int64_t s = 0; s < layer.n_segments(token); ++s) {
        AttentionQuery next{};
        next.out = partial(token, head, s);
        next.max = next.out[layer.out_dim];
        next.sum = next.out[layer.out_dim + 1];
        layer.table.merge_attention(total, next, layer.out_dim);
      }
      layer.finish(total, head, scratch.parts);
    }
  });
}

}  // namespace

int64_t attention_scratch(const Attention& op, const KvShape& layer) {
  const int64_t out_dim = op.out.width / op.n_heads;
  return max_attention_queries * out_dim + kernels::kv_tile * (layer.key_dim + out_dim);
}

void execute(const Attention& op, Execution& e, int worker) {
  const Layer layer(op, e);
  const Scratch scratch(op, e.scratch(worker));
  int64_t max_segments = 1;
  for (int64_t t = 0; t < e.n_tokens; ++t) max_segments = std::max(max_segments, layer.n_segments(t));
  if (max_segments > 1 && e.n_tokens * layer.n_kv_heads < 4 * e.pool.size()) {
    const auto needed = static_cast<size_t>(e.n_tokens * op.n_heads * max_segments * (layer.out_dim + 2));
    if (worker == 0 && e.partial.size() < needed) e.partial.resize(needed);
    e.pool.barrier();
    return attend_split(layer, max_segments, scratch);
  }
  // Tokens are taken in blocks aligned to the batch, as many as fill the kernel's queries but leave enough
  // tasks for all workers; a block that crosses sequences is done in parts.
  int64_t fitting = std::max<int64_t>(1, max_attention_queries / layer.group);
  if (fitting > 8) fitting = fitting / 8 * 8;  // queries by the eight, as kernels take them
  const int64_t block = std::clamp<int64_t>(e.n_tokens * layer.n_kv_heads / (8 * e.pool.size()), 1, fitting);
  const int64_t n_blocks = (e.n_tokens + block - 1) / block;
  e.pool.parallel_for(n_blocks * layer.n_kv_heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t first = task / layer.n_kv_heads * block, last = std::min(first + block, e.n_tokens);
      for (int64_t t = first; t < last;) {
        const int64_t n = same_sequence(e, t, last - t);
        attend_all(layer, t, n, static_cast<int>(task % layer.n_kv_heads), scratch);
        t += n;
      }
    }
  });
}

}  // namespace realizar::fusion::cpu
