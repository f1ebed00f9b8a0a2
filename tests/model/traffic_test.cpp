#include "model/traffic.hpp"

#include <gtest/gtest.h>

namespace realizar::model {
namespace {

using namespace fusion;

/// A plan whose weights have contents, built by hand.
struct SmallPlan {
  WeightId add(int64_t n_cols, int64_t n_rows, int64_t n_matrices = 1) {
    contents.emplace_back(static_cast<size_t>(4 * n_cols * n_rows * n_matrices));
    plan.weights.push_back({.n_cols = n_cols,
                            .n_rows = n_rows,
                            .n_matrices = n_matrices,
                            .data = std::span<const std::byte>(contents.back())});
    return {static_cast<int>(plan.weights.size()) - 1};
  }

  std::vector<std::vector<std::byte>> contents;
  Plan plan;
};

TEST(Traffic, ATableIsReadByTheRowAndAMatrixWhole) {
  SmallPlan small;
  const WeightId table = small.add(8, 100), matrix = small.add(8, 16), bias = small.add(16, 1);
  small.plan.ops.emplace_back(Embed{.table = table});
  EXPECT_EQ(weight_bytes_per_token(small.plan), 4u * 8);
  small.plan.ops.emplace_back(Linear{.weight = matrix, .bias = bias});
  EXPECT_EQ(weight_bytes_per_token(small.plan), 4u * (8 + 8 * 16 + 16));
}

TEST(Traffic, ATiedOutputIsReadOnce) {
  SmallPlan small;
  const WeightId table = small.add(8, 100);
  small.plan.ops.emplace_back(Embed{.table = table});
  small.plan.ops.emplace_back(Logits{.weight = table});
  EXPECT_EQ(weight_bytes_per_token(small.plan), 4u * 8 * 100);
}

TEST(Traffic, OfTheExpertsThoseThatATokenUses) {
  SmallPlan small;
  Experts experts;
  experts.experts.width = 2;
  experts.gate = small.add(8, 16, 4);
  experts.up = small.add(8, 16, 4);
  experts.down = small.add(16, 8, 4);
  small.plan.ops.emplace_back(experts);
  EXPECT_EQ(weight_bytes_per_token(small.plan), 4u * 3 * 8 * 16 * 2);
}

TEST(Traffic, AWindowBoundsWhatAttentionReads) {
  Plan plan;
  plan.kv = {{.n_kv_heads = 2, .key_dim = 32, .value_dim = 32},
             {.n_kv_heads = 2, .key_dim = 32, .value_dim = 32}};
  plan.ops.emplace_back(Attention{.layer = 0, .window = 10});
  plan.ops.emplace_back(Attention{.layer = 1});
  EXPECT_EQ(kv_bytes_per_token(plan, KvType::f16, 0), 0u);
  EXPECT_EQ(kv_bytes_per_token(plan, KvType::f16, 5), 2u * 128 * 10);
  EXPECT_EQ(kv_bytes_per_token(plan, KvType::f32, 100), 4u * 128 * 110);
  EXPECT_EQ(kv_bytes_per_token(plan, KvType::q8_0, 100), 34u * 4 * 110);
}

}  // namespace
}  // namespace realizar::model
