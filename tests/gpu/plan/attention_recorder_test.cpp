#include "gpu/plan/attention_recorder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "fixtures/cpu_run.hpp"
#include "gpu/gpu_device.hpp"
#include "gpu/software_gpu.hpp"
#include "kernels/random_inputs.hpp"
#include "support/nmse.hpp"

// Plans that have attention and little else: a token's row of a table is its query, key and value, and the
// results are the logits, since the output matrix is the identity.
namespace realizar::gpu {
namespace {

using fusion::KvType;
using test::Sequences;
using Floats = std::vector<float>;

struct Heads {
  const char* name;
  KvType kv;
  int n_heads, n_kv_heads, key_dim, value_dim, out_dim;
  int window = 0;
  float soft_cap = 0, alibi_max_bias = 0;
  bool has_sinks = false;
  int n_rot = 0;  // columns of queries and keys that turn
  fusion::RopeStyle style = fusion::RopeStyle::normal;
};

// Every way in which queries share a workgroup, every extra of attention, and every format of the cache.
constexpr KvType f16 = KvType::f16, f32 = KvType::f32, q8_0 = KvType::q8_0;
const Heads cases[] = {
    {.name = "of_64_rotated",
     .kv = f16,
     .n_heads = 4,
     .n_kv_heads = 1,
     .key_dim = 64,
     .value_dim = 64,
     .out_dim = 64,
     .n_rot = 64},
    {.name = "of_80_alone_rotated_in_part",
     .kv = f16,
     .n_heads = 2,
     .n_kv_heads = 2,
     .key_dim = 80,
     .value_dim = 80,
     .out_dim = 80,
     .n_rot = 32,
     .style = fusion::RopeStyle::neox},
    {.name = "of_96_capped",
     .kv = f32,
     .n_heads = 6,
     .n_kv_heads = 2,
     .key_dim = 96,
     .value_dim = 96,
     .out_dim = 96,
     .soft_cap = 3,
     .n_rot = 96,
     .style = fusion::RopeStyle::neox},
    {.name = "of_128_with_sinks",
     .kv = f16,
     .n_heads = 8,
     .n_kv_heads = 1,
     .key_dim = 128,
     .value_dim = 128,
     .out_dim = 128,
     .has_sinks = true},
    {"of_192_and_128", q8_0, 1, 1, 192, 128, 128},
    {.name = "of_256_in_a_window",
     .kv = f16,
     .n_heads = 2,
     .n_kv_heads = 1,
     .key_dim = 256,
     .value_dim = 256,
     .out_dim = 256,
     .window = 100},
    {.name = "of_20_alone_in_a_window",
     .kv = q8_0,
     .n_heads = 3,
     .n_kv_heads = 3,
     .key_dim = 20,
     .value_dim = 20,
     .out_dim = 20,
     .window = 131,
     .has_sinks = true},
    {.name = "of_64_with_slopes",
     .kv = f32,
     .n_heads = 5,
     .n_kv_heads = 1,
     .key_dim = 64,
     .value_dim = 64,
     .out_dim = 64,
     .alibi_max_bias = 8},
    {"latent", f16, 2, 1, 576, 0, 512},
    {"latent_in_bytes", q8_0, 2, 1, 96, 0, 64},
};

/// The plan, and the numbers it refers to.
struct AttentionPlan {
  static constexpr int n_tokens = 50;  // that are told apart
  fusion::Plan plan;
  Floats table, identity, sinks;

  explicit AttentionPlan(const Heads& h) {
    const int n_q = h.n_heads * h.key_dim, n_k = h.n_kv_heads * h.key_dim, n_v = h.n_kv_heads * h.value_dim,
              n_out = h.n_heads * h.out_dim;
    std::mt19937 random(1);
    table = kernels::test::random_floats(random, static_cast<size_t>(n_tokens * (n_q + n_k + n_v)));
    sinks = kernels::test::random_floats(random, static_cast<size_t>(h.n_heads));
    identity.resize(static_cast<size_t>(n_out * n_out));
    for (int i = 0; i < n_out; ++i) identity[static_cast<size_t>(i * (n_out + 1))] = 1;

    plan.n_vocab = n_out;
    plan.buffer_widths = {n_q + n_k + n_v, n_out};
    plan.kv = {{h.n_kv_heads, h.key_dim, h.value_dim}};
    const fusion::Slot all{0, 0, n_q + n_k + n_v}, out{1, 0, n_out};
    plan.ops.emplace_back(fusion::Embed{weight("table", n_q + n_k + n_v, table), all});
    if (h.n_rot > 0) {
      plan.rope_tables.emplace_back();
      for (int pair = 0; pair < h.n_rot / 2; ++pair)
        plan.rope_tables[0].inverse_frequency.push_back(std::pow(100.0, -pair / (0.5 * h.n_rot)));
      const auto rope = [&](fusion::Slot x, int n_heads) {
        plan.ops.emplace_back(fusion::Rope{
            .x = x, .style = h.style, .n_heads = n_heads, .head_stride = h.key_dim, .n_rot = h.n_rot});
      };
      rope(all.columns(0, n_q), h.n_heads);
      rope(all.columns(n_q, n_k), h.n_kv_heads);
    }
    plan.ops.emplace_back(
        fusion::StoreKv{all.columns(n_q, n_k), n_v > 0 ? all.columns(n_q + n_k, n_v) : fusion::Slot{}, 0});
    plan.ops.emplace_back(
        fusion::Attention{.q = all.columns(0, n_q),
                          .out = out,
                          .layer = 0,
                          .n_heads = h.n_heads,
                          .scale = 1.5f / std::sqrt(static_cast<float>(h.key_dim)),
                          .soft_cap = h.soft_cap,
                          .window = h.window,
                          .alibi_max_bias = h.alibi_max_bias,
                          .sinks = h.has_sinks ? weight("sinks", h.n_heads, sinks) : fusion::WeightId{}});
    plan.ops.emplace_back(fusion::Logits{.in = out, .weight = weight("identity", n_out, identity)});
  }

 private:
  fusion::WeightId weight(const char* name, int n_cols, const Floats& numbers) {
    fusion::Weight added;
    added.name = name;
    added.n_cols = n_cols;
    added.n_rows = static_cast<int64_t>(numbers.size()) / n_cols;
    added.data = std::as_bytes(std::span(numbers));
    plan.weights.push_back(added);
    return {static_cast<int>(plan.weights.size()) - 1};
  }
};

std::vector<int32_t> tokens_of(int seed, int n) {
  std::vector<int32_t> tokens(static_cast<size_t>(n));
  std::mt19937 random(static_cast<uint32_t>(seed));
  for (int32_t& token : tokens) token = static_cast<int32_t>(random() % AttentionPlan::n_tokens);
  return tokens;
}

class GpuAttention : public GpuTest, public testing::WithParamInterface<Heads> {
 protected:
  /// The results of tokens of a sequence of its own, in one batch.
  static Floats run(Sequences& device, std::span<const int32_t> tokens) {
    const auto results = device.run({{device.pages().create(), tokens}});
    return {results.begin(), results.end()};
  }
};

TEST_P(GpuAttention, IsThatOfTheCpuAndHasTheSameBitsInEveryChunkingAndCompany) {
  const AttentionPlan plan(GetParam());
  fusion::DeviceOptions options;
  options.arithmetic = fusion::Arithmetic::exact;
  options.kv_type = GetParam().kv;
  options.n_threads = 2;
  options.max_batch_tokens = 600;
  Sequences gpu(make_gpu_device(plan.plan, options, device_));
  Sequences cpu(fusion::make_cpu_device(plan.plan, options));
  // One is longer than two splits of positions.
  const std::vector<int32_t> tokens = tokens_of(1, 540), others = tokens_of(2, 140);
  const Floats expected = run(gpu, tokens), expected_others = run(gpu, others);
  EXPECT_LT(test::nmse(expected, run(cpu, tokens)), 1e-10);

  // Chunks end ahead of, at and behind the ends of splits and tiles; some have company.
  const auto sequence = gpu.pages().create(), company = gpu.pages().create();
  Floats results, results_others;
  size_t done = 0, done_others = 0;
  for (const size_t n : {3, 60, 64, 1, 1, 70, 50, 1, 6, 1, 1, 242, 12, 1, 1, 26}) {
    const size_t n_others = std::min(others.size() - done_others, n % 7 * 10);
    std::vector<Sequences::Part> parts;
    if (n_others > 0) parts.push_back({company, std::span(others).subspan(done_others, n_others)});
    parts.push_back({sequence, std::span(tokens).subspan(done, n)});
    const auto out = gpu.run(parts);
    const auto border = out.begin() + static_cast<ptrdiff_t>(n_others) * plan.plan.n_vocab;
    results_others.insert(results_others.end(), out.begin(), border);
    results.insert(results.end(), border, out.end());
    done += n;
    done_others += n_others;
  }
  ASSERT_EQ(done, tokens.size());
  EXPECT_EQ(results, expected);
  ASSERT_EQ(done_others, others.size());
  EXPECT_EQ(results_others, expected_others);
}

INSTANTIATE_TEST_SUITE_P(Heads, GpuAttention, testing::ValuesIn(cases),
                         [](const auto& heads) { return heads.param.name; });

TEST(AttentionSplits, ArePowersOfTwoForFewTokens) {
  EXPECT_EQ(attention_splits(1, 255), 1);
  EXPECT_EQ(attention_splits(1, 256), 2);
  EXPECT_EQ(attention_splits(32, 256), 1);
  EXPECT_EQ(attention_splits(32, 600), 4);
  EXPECT_EQ(attention_splits(512, 8191), 1);
}

}  // namespace
}  // namespace realizar::gpu
