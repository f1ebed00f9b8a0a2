#include "fusion/layers.hpp"

#include <gtest/gtest.h>

#include "fusion/layered_plan.hpp"

namespace realizar::fusion {
namespace {

TEST(LayerStarts, AreWhereOnlyTheStreamGoesOn) {
  const LayeredPlan p(3);
  const std::vector<LayerStart> starts = layer_starts(p.plan);
  ASSERT_EQ(starts.size(), 4u);
  EXPECT_EQ(starts[0].op, 1u) << "behind the embedding";
  for (size_t layer = 0; layer < 3; ++layer) {
    EXPECT_EQ(starts[layer + 1].op, 1 + 9 * (layer + 1));
    EXPECT_EQ(starts[layer + 1].crossing, p.streams[layer]);
  }
}

TEST(LayerStarts, AreTheSameInAFusedPlan) {
  const LayeredPlan p(2);
  const Plan fused = fuse(p.plan);
  const std::vector<LayerStart> starts = layer_starts(fused);
  ASSERT_EQ(starts.size(), 3u);
  EXPECT_EQ(starts[1].crossing, p.streams[0]);
  EXPECT_EQ(starts[2].crossing, p.streams[1]);
  EXPECT_EQ(starts[2].op, fused.ops.size() - 2) << "before the last norm and the logits";
}

TEST(LayerStarts, HaveNothingToHandOverWhereMoreThanOneBufferGoesOn) {
  LayeredPlan p(2);
  // The embeddings are added once more at the end.
  p.plan.ops.pop_back();
  p.logits(p.add(Slot{0, 0, 8}, p.streams[1]));
  EXPECT_TRUE(layer_starts(p.plan)[0].crossing);
  EXPECT_FALSE(layer_starts(p.plan)[1].crossing);
}

TEST(PlanText, CountsKernelsByLayer) {
  const LayeredPlan p(2);
  KernelNames kernels(p.plan.ops.size());
  kernels[0] = {"copy"};
  kernels[1] = {"norm", "product", "product"};
  kernels[10] = {"norm"};
  kernels.back() = {"gather", "product"};
  const std::string text = to_text(p.plan, kernels);
  EXPECT_NE(text.find("attn_norm=F32\n    norm, 2 product\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n7 kernels: 1 before the layers, 1 to 3 in each of 2, 2 behind them\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace realizar::fusion
