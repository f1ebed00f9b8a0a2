#include <gmock/gmock.h>

#include "fusion/small_plan.hpp"

namespace realizar::fusion {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(PlanText, HasOneLineAnOpWithSlotsAndWeights) {
  SmallPlan p;
  const Slot x = p.embed(8);
  const Slot both = p.linear(p.norm(x, "norm"), "gate_up", 32);
  const Slot gated = p.gate(both.columns(0, 16), both.columns(16, 16));
  p.logits(p.add(x, p.linear(gated, "down", 8)));
  EXPECT_EQ(to_text(p.plan),
            "embed -> 0:8 | embedding=F32\n"
            "norm (rms) 0:8 -> 1:8 | norm=F32\n"
            "linear 1:8 -> 2:32 | gate_up=F32\n"
            "gate (silu) 2[0:16] 2[16:32] -> 3:16\n"
            "linear 3:16 -> 4:8 | down=F32\n"
            "add 0:8 4:8 -> 5:8\n"
            "logits 5:8 | output=F32\n");
}

TEST(PlanText, NamesWhatWasFused) {
  SmallPlan p;
  const Slot x = p.slot(8), y = p.slot(8), z = p.slot(8);
  const WeightId w = p.weight("w", 8, 8);
  p.append(Products{
      x, Norm{x, y, NormKind::layer, {}, {}, 1e-5f, 8}, {{y, z, w, {}, {}}}, {}, Add{x, z, x, 0.5f}});
  p.append(PerToken{{Rope{x, RopeStyle::neox, 0, 2, 4, 0, 4}, StoreKv{x, x}}});
  EXPECT_EQ(to_text(p.plan),
            "products (norm layer + linear + add times 0.5) 0:8 -> 0:8 | w=F32\n"
            "per_token (rope + store_kv) 0:8 -> 0:8\n");
}

TEST(PlanDot, DrawsAnEdgeFromTheLastWriterOfWhatIsRead) {
  SmallPlan p;
  const Slot x = p.embed(8);
  p.append(Scale{x, 2});
  p.logits(x);
  const std::string dot = to_dot(p.plan);
  EXPECT_THAT(dot, HasSubstr("op0 [label=\"embed\\nembedding\"]"));
  EXPECT_THAT(dot, HasSubstr("op0 -> op1 [label=\"0:8\"]"));
  EXPECT_THAT(dot, HasSubstr("op1 -> op2 [label=\"0:8\"]"));
  EXPECT_THAT(dot, Not(HasSubstr("op0 -> op2")));
}

TEST(PlanDot, DrawsTheCacheBetweenStoreAndAttention) {
  SmallPlan p;
  const Slot x = p.embed(8), y = p.slot(8);
  p.append(PerToken{{StoreKv{x, x, 3}}});
  p.append(Attention{x, y, 3, 1, 1});
  EXPECT_THAT(to_dot(p.plan), HasSubstr("op1 -> op2 [style=dashed, label=\"cache\"]"));
}

TEST(PlanDot, EscapesNames) {
  SmallPlan p;
  p.append(Embed{p.weight("a\"b\\", 8, 8), p.slot(8)});
  EXPECT_THAT(to_dot(p.plan), HasSubstr("a\\\"b\\\\"));
}

}  // namespace
}  // namespace realizar::fusion
