#include "fusion/split_plan.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "fusion/layered_plan.hpp"

namespace realizar::fusion {
namespace {

TEST(SplitPlan, HandsTheStreamOver) {
  const LayeredPlan p(3);
  const SplitPlan parts = split(p.plan, 2);
  EXPECT_EQ(std::get<Logits>(parts.first.ops.back()).in, p.streams[1]);
  EXPECT_EQ(parts.first.n_out(), 8);
  const auto& begin = std::get<Embed>(parts.second.ops.front());
  EXPECT_FALSE(begin.table);
  EXPECT_EQ(begin.out, p.streams[1]);
  EXPECT_TRUE(std::get<Logits>(parts.second.ops.back()).weight);
  EXPECT_EQ(parts.first.ops.size() + parts.second.ops.size(), p.plan.ops.size() + 2);
}

TEST(SplitPlan, CountsTheLayersOfEachPartFromNought) {
  const SplitPlan parts = split(LayeredPlan(3).plan, 2);
  EXPECT_EQ(parts.first.kv.size(), 2u);
  EXPECT_EQ(parts.second.kv.size(), 1u);
  for (const Op& op : parts.second.ops)
    if (const auto* attention = std::get_if<Attention>(&op)) {
      EXPECT_EQ(attention->layer, 0);
    }
}

TEST(SplitPlan, LeavesEachPartItsOwnWeights) {
  const LayeredPlan p(2);
  const SplitPlan parts = split(p.plan, 1);
  EXPECT_EQ(parts.first.weights.front().name, "embedding");
  EXPECT_EQ(parts.second.weights.front().name, "");
  EXPECT_EQ(parts.first.weights.back().name, "");
  EXPECT_EQ(parts.second.weights.back().name, "output");
}

TEST(SplitPlan, CutsBetweenLayersOnly) {
  const LayeredPlan p(2);
  EXPECT_THROW(split(p.plan, 0), Error);
  EXPECT_THROW(split(p.plan, 2), Error);
}

}  // namespace
}  // namespace realizar::fusion
