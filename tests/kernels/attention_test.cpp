#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/kernel_cases.hpp"
#include "support/equal.hpp"

namespace realizar::kernels {
namespace {

class AttentionKernels : public test::OnEachIsa {};
INSTANTIATE_TEST_SUITE_P(Isas, AttentionKernels, test::all_isas, test::isa_name);

/// A KV head of 200 positions over four pages that stand in another order than the positions.
struct Head {
  static constexpr int n_positions = 200, key_dim = 40, value_dim = 24;
  int stored_value_dim;  // 0: latent attention
  KvFormat format;
  KvPageLayout layout;
  std::vector<int32_t> page_table = {2, 0, 3, 1};
  std::vector<uint8_t> pages;
  std::vector<float> keys, values;

  Head(const KernelTable& table, KvFormat kv_format, bool latent)
      : stored_value_dim(latent ? 0 : value_dim),
        format(kv_format),
        layout(kv_page_layout(format, key_dim, stored_value_dim)),
        pages(4 * static_cast<size_t>(layout.bytes)) {
    std::mt19937 random(1);
    keys = test::random_floats(random, n_positions * key_dim);
    values = test::random_floats(random, n_positions * value_dim);
    for (int p = 0; p < n_positions; ++p) {
      uint8_t* page = pages.data() + page_table[static_cast<size_t>(p / kv_tile)] * layout.bytes;
      table.store_key[static_cast<int>(format)](keys.data() + p * key_dim, key_dim, page + layout.keys_at,
                                                page + layout.key_scales_at, p % kv_tile);
      if (!latent)
        table.store_value[static_cast<int>(format)](values.data() + p * value_dim, value_dim,
                                                    page + layout.values_at, page + layout.value_scales_at,
                                                    p % kv_tile);
    }
  }
  AttentionSegment segment() const {
    return {pages.data(), layout.bytes, page_table.data(), key_dim, stored_value_dim, value_dim, 0.3f, 0};
  }
};

struct Query {
  int64_t begin, end;
  float slope;
};
constexpr Query cases[] = {{0, 200, 0},  {0, 1, 0},        {63, 65, 0},
                           {70, 190, 0}, {128, 200, 0.1f}, {0, 130, 0.02f}};

std::vector<double> reference(const Head& head, const float* q, const Query& query, float soft_cap) {
  std::vector<double> out(Head::value_dim);
  double sum = 0;
  for (int64_t p = query.begin; p < query.end; ++p) {
    double score = 0;
    for (int d = 0; d < Head::key_dim; ++d)
      score += double{q[d]} * double{head.keys[static_cast<size_t>(p * Head::key_dim + d)]};
    score *= double{0.3f};
    if (soft_cap != 0) score = double{soft_cap} * std::tanh(score / double{soft_cap});
    const double weight = std::exp(score + double{query.slope} * static_cast<double>(p - (query.end - 1)));
    sum += weight;
    for (int d = 0; d < Head::value_dim; ++d) {
      const bool latent = head.stored_value_dim == 0;
      const auto& from = latent ? head.keys : head.values;
      const int stride = latent ? Head::key_dim : Head::value_dim;
      out[static_cast<size_t>(d)] += weight * double{from[static_cast<size_t>(p * stride + d)]};
    }
  }
  for (double& x : out) x /= sum;
  return out;
}

TEST_P(AttentionKernels, AreSoftmaxOverTheRangeOfEachQuery) {
  for (const KvFormat format : {KvFormat::f32, KvFormat::f16, KvFormat::q8_0})
    for (const bool latent : {false, true})
      for (const float soft_cap : {0.0f, 5.0f}) {
        const Head head(table(), format, latent);
        AttentionSegment segment = head.segment();
        segment.soft_cap = soft_cap;
        std::mt19937 random(2);
        const auto q = test::random_floats(random, std::size(cases) * Head::key_dim);
        std::vector<float> scratch(kv_tile * (Head::key_dim + Head::value_dim));
        // Together in groups, and alone with scalar instructions: the same bits.
        for (const int group : {1, 2, 3, 4, 5, 7})
          for (size_t from = 0; from + static_cast<size_t>(group) <= std::size(cases);
               from += static_cast<size_t>(group)) {
            std::vector<std::vector<float>> out(static_cast<size_t>(group),
                                                std::vector<float>(Head::value_dim));
            AttentionQuery queries[max_attention_queries];
            for (size_t i = 0; i < static_cast<size_t>(group); ++i) {
              const Query& c = cases[from + i];
              queries[i] = {q.data() + (from + i) * Head::key_dim,
                            c.end - 1,
                            c.begin,
                            c.end,
                            c.slope,
                            out[i].data(),
                            0,
                            0};
            }
            table().attend[static_cast<int>(format)](segment, queries, group, scratch.data());
            for (size_t i = 0; i < static_cast<size_t>(group); ++i) {
              std::vector<float> alone(Head::value_dim);
              AttentionQuery single = queries[i];
              single.out = alone.data();
              kernels_of(backend::Isa::scalar)
                  .attend[static_cast<int>(format)](segment, &single, 1, scratch.data());
              EXPECT_TRUE(realizar::test::equal(out[i], alone, test::same_bits));
              EXPECT_TRUE(test::same_bits(queries[i].sum, single.sum) &&
                          test::same_bits(queries[i].max, single.max));
              const auto expected = reference(head, queries[i].q, cases[from + i], soft_cap);
              const double tolerance = format == KvFormat::f32 ? 1e-5 : format == KvFormat::f16 ? 3e-3 : 5e-2;
              for (size_t d = 0; d < expected.size(); ++d)
                EXPECT_NEAR(out[i][d] / queries[i].sum, expected[d], tolerance);
            }
          }
      }
}

TEST_P(AttentionKernels, PartsMergeToTheWhole) {
  const Head head(table(), KvFormat::f32, false);
  std::mt19937 random(3);
  const auto q = test::random_floats(random, Head::key_dim);
  const auto part = [&](int64_t begin, int64_t end, std::vector<float>& out) {
    AttentionQuery query{q.data(), end - 1, begin, end, 0, out.data(), 0, 0};
    table().attend[static_cast<int>(KvFormat::f32)](head.segment(), &query, 1, nullptr);
    return query;
  };
  std::vector<float> whole(Head::value_dim), first(Head::value_dim), second(Head::value_dim),
      merged(Head::value_dim);
  const auto all = part(0, 200, whole);
  AttentionQuery into{nullptr, 0, 0, 0, 0, merged.data(), -INFINITY, 0};
  table().merge_attention(into, part(0, 128, first), Head::value_dim);
  table().merge_attention(into, part(128, 200, second), Head::value_dim);
  EXPECT_EQ(into.max, all.max);
  EXPECT_NEAR(into.sum, all.sum, 1e-4 * all.sum);
  for (size_t d = 0; d < merged.size(); ++d) EXPECT_NEAR(merged[d] / into.sum, whole[d] / all.sum, 1e-5);
}

// What is broken must not look whole because the cache has few bits.
TEST_P(AttentionKernels, KeepBlocksThatAreNotFiniteSo) {
  for (const float broken : {std::nanf(""), -std::numeric_limits<float>::infinity()}) {
    const KvPageLayout layout = kv_page_layout(KvFormat::q8_0, 32, 64);
    std::vector<uint8_t> page(static_cast<size_t>(layout.bytes));
    std::vector<float> value(64, 1);
    value[40] = broken;
    table().store_value[static_cast<int>(KvFormat::q8_0)](value.data(), 64, page.data() + layout.values_at,
                                                          page.data() + layout.value_scales_at, 0);
    uint16_t d[2];
    std::memcpy(d, page.data() + layout.value_scales_at, sizeof(d));
    EXPECT_NEAR(f16_to_f32(d[0]), 1.0 / 127, 1e-5);
    EXPECT_TRUE(std::isnan(f16_to_f32(d[1])));
  }
}

}  // namespace
}  // namespace realizar::kernels
