#include <cmath>
#include <string>

#include "ceilings.hpp"
#include "kv_pages.hpp"

// Attention of heads of 64 and 128 columns over segments of 512 positions: decode reads a cache that stands
// in memory, for one query and for the four that share a KV head; prefill has the queries of four tokens over
// a segment that stands in the processor's cache.
namespace realizar::bench {
namespace {

using kernels::AttentionQuery;
using kernels::AttentionSegment;
using kernels::kv_segment;
using kernels::kv_tile;
using kernels::KvFormat;

/// Queries and room for their results.
struct Queries {
  std::vector<float> q, out;
  AttentionQuery query[kernels::max_attention_queries];

  Queries(int count, int dim) : q(static_cast<size_t>(count * dim), 0.25f), out(q.size()) {
    for (int i = 0; i < count; ++i) {
      query[i] = {};
      query[i].q = q.data() + i * dim;
      query[i].out = out.data() + i * dim;
    }
  }
  void see(int count, int64_t begin) {
    for (int i = 0; i < count; ++i) {
      query[i].begin = begin;
      query[i].end = begin + kv_segment;
      query[i].position = begin + kv_segment - 1;
    }
  }
};

void attention(benchmark::State& state, KvFormat format, int dim, int n_queries, size_t cache_bytes) {
  const int64_t page = kernels::kv_page_layout(format, dim, dim).bytes, in_segment = kv_segment / kv_tile;
  const int64_t n_segments = std::max<int64_t>(1, static_cast<int64_t>(cache_bytes) / (page * in_segment));
  const KvPages pages(format, dim, n_segments * in_segment);
  const AttentionSegment segment{.first_page = pages.data(),
                                 .page_stride = page,
                                 .page_table = pages.table.data(),
                                 .key_dim = dim,
                                 .value_dim = dim,
                                 .out_dim = dim,
                                 .scale = 1 / std::sqrt(static_cast<float>(dim)),
                                 .soft_cap = 0};
  Queries queries(n_queries, dim);
  std::vector<float> scratch(static_cast<size_t>(2 * dim * kernels::kv_tile));
  int64_t next = 0;
  const Stopwatch watch;
  for (auto _ : state) {
    queries.see(n_queries, next * kv_segment);
    kernels::kernels().attend[static_cast<int>(format)](segment, queries.query, n_queries, scratch.data());
    benchmark::ClobberMemory();
    next = (next + 1) % n_segments;
  }
  count(state, watch,
        {.bytes = static_cast<double>(page * in_segment),
         .macs = 2.0 * dim * kv_segment * n_queries,
         .peak = ceilings().peaks.f32});
}

void merge(benchmark::State& state) {
  constexpr int dim = 128;
  Queries queries(2, dim);
  const Stopwatch watch;
  for (auto _ : state) {
    // Both have seen something; the second weighs as much as the first.
    for (AttentionQuery& query : {std::ref(queries.query[0]), std::ref(queries.query[1])})
      query.max = query.sum = 1;
    kernels::kernels().merge_attention(queries.query[0], queries.query[1], dim);
    benchmark::ClobberMemory();
  }
  count(state, watch, {.bytes = 3.0 * dim * sizeof(float), .macs = 2.0 * dim, .peak = ceilings().peaks.f32});
}
BENCHMARK(merge)->Name("merge_attention/128");

const int registered = [] {
  constexpr size_t beyond_caches = size_t{128} << 20;
  for (int f = 0; f < kernels::n_kv_formats; ++f)
    for (const int dim : {64, 128}) {
      const auto add = [&](const char* what, int n_queries, size_t cache_bytes) {
        const std::string name =
            std::string("attend_") + kv_format_names[f] + "/" + std::to_string(dim) + what;
        benchmark::RegisterBenchmark(name.c_str(), attention, static_cast<KvFormat>(f), dim, n_queries,
                                     cache_bytes);
      };
      add("/decode", 1, beyond_caches);
      add("/decode_group", 4, beyond_caches);
      add("/prefill", kernels::max_attention_queries, 0);
    }
  return 0;
}();

}  // namespace
}  // namespace realizar::bench
