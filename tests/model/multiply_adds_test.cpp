#include "model/multiply_adds.hpp"

#include <gtest/gtest.h>

namespace realizar::model {
namespace {

using namespace fusion;
using kernels::TensorType;

constexpr Arithmetic fast = Arithmetic::fast, exact = Arithmetic::exact;

WeightId add(Plan& plan, TensorType type, int64_t n_cols, int64_t n_rows, int64_t n_matrices = 1) {
  plan.weights.push_back({.type = type, .n_cols = n_cols, .n_rows = n_rows, .n_matrices = n_matrices});
  return {static_cast<int>(plan.weights.size()) - 1};
}

TEST(MultiplyAdds, EveryTokenMeetsEveryWeightOfAMatrixAndNoBias) {
  Plan plan;
  const WeightId table = add(plan, TensorType::f32, 32, 100), matrix = add(plan, TensorType::f32, 32, 16);
  plan.ops.emplace_back(Embed{.table = table});
  plan.ops.emplace_back(Linear{.weight = matrix, .bias = add(plan, TensorType::f32, 16, 1)});
  EXPECT_EQ(multiply_adds(plan, fast, 5, 1).f32, 5u * 32 * 16);
  EXPECT_EQ(multiply_adds(plan, fast, 5, 1).int8, 0u);
}

TEST(MultiplyAdds, WeightsAreMultipliedAsIntegersUnlessExactlySo) {
  Plan plan;
  plan.ops.emplace_back(Linear{.weight = add(plan, TensorType::q4_0, 32, 16)});
  plan.ops.emplace_back(Linear{.weight = add(plan, TensorType::bf16, 32, 1)});
  plan.ops.emplace_back(Linear{.weight = add(plan, TensorType::bf16, 8, 5)});  // no whole block
  EXPECT_EQ(multiply_adds(plan, fast, 1, 1).int8, 32u * 16);
  EXPECT_EQ(multiply_adds(plan, fast, 1, 1).int16, 32u);
  EXPECT_EQ(multiply_adds(plan, fast, 1, 1).f32, 8u * 5);
  EXPECT_EQ(multiply_adds(plan, exact, 1, 1).int8, 0u);
  EXPECT_EQ(multiply_adds(plan, exact, 1, 1).int16, 0u);
  EXPECT_EQ(multiply_adds(plan, exact, 1, 1).f32, 32u * 17 + 8u * 5);
}

TEST(MultiplyAdds, TheOutputMatrixCountsForRowsOfLogits) {
  Plan plan;
  plan.ops.emplace_back(Logits{.weight = add(plan, TensorType::q8_0, 32, 100)});
  EXPECT_EQ(multiply_adds(plan, fast, 512, 1).int8, 32u * 100);
  EXPECT_EQ(multiply_adds(plan, fast, 512, 512).int8, 512u * 32 * 100);
}

TEST(MultiplyAdds, OfTheExpertsThoseThatATokenUsesAndOfTheHeadsAll) {
  Plan plan;
  Experts experts;
  experts.experts.width = 2;
  experts.gate = add(plan, TensorType::q4_0, 32, 64, 8);
  experts.up = add(plan, TensorType::q4_0, 32, 64, 8);
  experts.down = add(plan, TensorType::q4_0, 64, 32, 8);
  plan.ops.emplace_back(experts);
  EXPECT_EQ(multiply_adds(plan, fast, 3, 0).int8, 3u * 2 * 3 * 32 * 64);
  plan.ops.emplace_back(HeadLinear{.weight = add(plan, TensorType::f16, 32, 64, 8), .n_heads = 8});
  EXPECT_EQ(multiply_adds(plan, fast, 3, 0).int16, 3u * 8 * 32 * 64);
}

TEST(MultiplyAdds, FusionChangesNothing) {
  Plan plan;
  plan.buffer_widths = {32, 16, 16, 16};
  plan.n_vocab = 16;
  const Slot in{0, 0, 32}, gate{1, 0, 16}, up{2, 0, 16}, out{3, 0, 16};
  plan.ops.emplace_back(Linear{.in = in, .out = gate, .weight = add(plan, TensorType::q4_0, 32, 16)});
  plan.ops.emplace_back(Linear{.in = in, .out = up, .weight = add(plan, TensorType::q4_0, 32, 16)});
  plan.ops.emplace_back(Gate{.gate = gate, .up = up, .out = out});
  const uint64_t before = multiply_adds(plan, fast, 7, 1).int8;
  const Plan fused = fuse(plan);
  ASSERT_TRUE(std::holds_alternative<Products>(fused.ops.at(0)));
  EXPECT_EQ(multiply_adds(fused, fast, 7, 1).int8, before);
}

}  // namespace
}  // namespace realizar::model
