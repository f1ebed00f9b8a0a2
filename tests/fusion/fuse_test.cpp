#include <gtest/gtest.h>

#include "fusion/small_plan.hpp"

// Each pass on the smallest plan that shows it, and on those it must leave alone.
namespace realizar::fusion {
namespace {

std::string fused(const SmallPlan& p) { return to_text(fuse(p.plan)); }

TEST(GroupLinears, MakesOneOpOfProductsOfOneInput) {
  SmallPlan p;
  const Slot x = p.embed(8);
  p.linear(x, "q", 8);
  p.linear(x, "k", 4);
  p.linear(x, "v", 4);
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (3 linears) 0:8 -> 1:8 2:4 3:4 | q=F32 k=F32 v=F32\n");
}

TEST(GroupLinears, MovesAProductPastOpsThatDoNotTouchIt) {
  SmallPlan p;
  const Slot x = p.embed(8);
  p.linear(p.linear(x, "a", 8), "b", 8);
  p.linear(x, "c", 8);
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (2 linears) 0:8 -> 1:8 3:8 | a=F32 c=F32\n"
            "products (linear) 1:8 -> 2:8 | b=F32\n");
}

TEST(GroupLinears, KeepsProductsApartWhenTheInputChangesBetweenThem) {
  SmallPlan p;
  const Slot x = p.embed(8);
  p.linear(x, "a", 8);
  p.append(Scale{x, 2});
  p.linear(x, "b", 8);
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (linear) 0:8 -> 1:8 | a=F32\n"
            "per_token (scale) 0:8 -> 0:8\n"
            "products (linear) 0:8 -> 2:8 | b=F32\n");
}

TEST(GroupLinears, KeepsProductsApartWhenOneWritesOverTheOther) {
  SmallPlan p;
  const Slot x = p.embed(8), y = p.linear(x, "a", 8);
  p.append(Linear{x, y, p.weight("b", 8, 8), {}, {}});
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (linear) 0:8 -> 1:8 | a=F32\n"
            "products (linear) 0:8 -> 1:8 | b=F32\n");
}

TEST(FuseGates, MakesOneOpOfGateUpAndActivation) {
  SmallPlan p;
  const Slot x = p.embed(8);
  const Slot gate = p.linear(x, "gate", 16), up = p.linear(x, "up", 16);
  p.gate(gate, up);
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (2 linears + gate silu) 0:8 -> 3:16 | gate=F32 up=F32\n");
}

TEST(FuseGates, TakesTheGateFirstWhateverTheOrderOfTheProducts) {
  SmallPlan p;
  const Slot x = p.embed(8);
  const Slot up = p.linear(x, "up", 16), gate = p.linear(x, "gate", 16);
  p.gate(gate, up);
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (2 linears + gate silu) 0:8 -> 3:16 | gate=F32 up=F32\n");
}

TEST(FuseGates, TakesAnActivationWithoutUp) {
  SmallPlan p;
  p.gate(p.linear(p.embed(8), "up", 16), {});
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (linear + gate silu) 0:8 -> 2:16 | up=F32\n");
}

TEST(FuseGates, StoresAProductThatIsReadElsewhere) {
  SmallPlan p;
  const Slot x = p.embed(8);
  const Slot gate = p.linear(x, "gate", 16), up = p.linear(x, "up", 16);
  p.gate(gate, up);
  p.append(Scale{up, 2});
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (2 linears) 0:8 -> 1:16 2:16 | gate=F32 up=F32\n"
            "per_token (gate + scale) 1:16 2:16 -> 3:16 2:16\n");
}

TEST(FuseGates, NeedsOneInput) {
  SmallPlan p;
  const Slot x = p.embed(8), y = p.embed(8);
  p.gate(p.linear(x, "gate", 16), p.linear(y, "up", 16));
  EXPECT_EQ(fuse(p.plan).ops.size(), 5u);
}

TEST(SplitGateUp, MakesTwoProductsOfAFusedTensor) {
  SmallPlan p;
  const Slot x = p.embed(8);
  const WeightId weight = p.weight("gate_up", 8, 8), bias = p.weight("bias", 8);
  std::vector<float> data(64);
  p.plan.weights[static_cast<size_t>(weight.index)].data = std::as_bytes(std::span(data));
  p.plan.weights[static_cast<size_t>(bias.index)].data = std::as_bytes(std::span(data).first(8));
  const Slot both = p.slot(8);
  p.append(Linear{x, both, weight, bias, {}});
  p.gate(both.columns(0, 4), both.columns(4, 4));
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (2 linears + gate silu) 0:8 -> 2:4 "
            "| gate_up[0:4]=F32 bias[0:4]=F32 gate_up[4:8]=F32 bias[4:8]=F32\n");
  const Plan plan = fuse(p.plan);
  const auto& products = std::get<Products>(plan.ops[1]);
  const Weight& second = plan.weight(products.linears[1].weight);
  EXPECT_EQ(second.n_rows, 4);
  EXPECT_EQ(second.n_cols, 8);
  EXPECT_EQ(second.data.data(), std::as_bytes(std::span(data).subspan(32)).data());
  EXPECT_EQ(second.data.size(), 32 * sizeof(float));
  EXPECT_EQ(plan.weight(products.linears[1].bias).n_cols, 4);
}

TEST(SplitGateUp, LeavesATensorWhoseColumnsAreReadElsewhere) {
  SmallPlan p;
  const Slot both = p.linear(p.embed(8), "gate_up", 8);
  p.gate(both.columns(0, 4), both.columns(4, 4));
  p.append(Scale{both.columns(3, 2), 2});
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (linear) 0:8 -> 1:8 | gate_up=F32\n"
            "per_token (gate + scale) 1[0:4] 1[4:8] 1[3:5] -> 2:4 1[3:5]\n");
}

TEST(FuseAdds, MakesOneOpOfAProductAndItsAddition) {
  SmallPlan p;
  const Slot x = p.embed(8), y = p.embed(8);
  p.add(x, p.linear(y, "down", 8));
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "embed -> 1:8 | embedding=F32\n"
            "products (linear + add) 1:8 0:8 -> 3:8 | down=F32\n");
}

TEST(FuseAdds, MayWriteOverWhatIsAddedTo) {
  SmallPlan p;
  const Slot x = p.embed(8), y = p.embed(8);
  p.append(Add{x, p.linear(y, "down", 8), x});
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "embed -> 1:8 | embedding=F32\n"
            "products (linear + add) 1:8 0:8 -> 0:8 | down=F32\n");
}

TEST(FuseAdds, NeverWritesOverTheInputOfTheProduct) {
  SmallPlan p;
  const Slot x = p.embed(8);
  p.append(Add{x, p.linear(x, "down", 8), x});
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (linear) 0:8 -> 1:8 | down=F32\n"
            "per_token (add) 0:8 1:8 -> 0:8\n");
}

TEST(FuseAdds, StoresAProductThatIsAddedToItself) {
  SmallPlan p;
  const Slot y = p.linear(p.embed(8), "down", 8);
  p.add(y, y);
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (linear) 0:8 -> 1:8 | down=F32\n"
            "per_token (add) 1:8 -> 2:8\n");
}

TEST(FoldNorms, DoesTheNormInEveryOpThatReadsIt) {
  SmallPlan p;
  const Slot x = p.embed(8), n = p.norm(x, "norm");
  const Slot y = p.linear(n, "a", 8);
  p.append(Scale{y, 2});
  const Slot gate = p.linear(n, "gate", 16), up = p.linear(n, "up", 16);
  p.gate(gate, up);
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (norm rms + linear) 0:8 -> 2:8 | norm=F32 a=F32\n"
            "per_token (scale) 2:8 -> 2:8\n"
            "products (norm rms + 2 linears + gate silu) 0:8 -> 5:16 | norm=F32 gate=F32 up=F32\n");
}

TEST(FoldNorms, StoresANormThatSomethingElseReads) {
  SmallPlan p;
  const Slot x = p.embed(8), n = p.norm(x, "norm");
  p.linear(n, "a", 8);
  p.logits(n);
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "per_token (norm) 0:8 -> 1:8 | norm=F32\n"
            "products (linear) 1:8 -> 2:8 | a=F32\n"
            "logits 1:8 | output=F32\n");
}

TEST(FoldNorms, StoresANormWhoseInputChangesBeforeItsReader) {
  SmallPlan p;
  const Slot x = p.embed(8), n = p.norm(x, "norm");
  p.append(Scale{x, 2});
  p.linear(n, "a", 8);
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "per_token (norm + scale) 0:8 -> 1:8 0:8 | norm=F32\n"
            "products (linear) 1:8 -> 2:8 | a=F32\n");
}

TEST(FoldNorms, StoresANormOfSingleHeads) {
  SmallPlan p;
  const Slot x = p.embed(8), n = p.slot(8);
  p.append(Norm{x, n, NormKind::rms, p.weight("norm", 4), {}, 1e-5f, 4});
  p.linear(n, "a", 8);
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "per_token (norm) 0:8 -> 1:8 | norm=F32\n"
            "products (linear) 1:8 -> 2:8 | a=F32\n");
}

TEST(FoldNorms, StoresANormThatIsAlsoAddedTo) {
  SmallPlan p;
  const Slot n = p.norm(p.embed(8), "norm");
  p.add(n, p.linear(n, "a", 8));
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "per_token (norm) 0:8 -> 1:8 | norm=F32\n"
            "products (linear + add) 1:8 -> 3:8 | a=F32\n");
}

TEST(GatherPerToken, MakesOneOpOfEveryRun) {
  SmallPlan p;
  const Slot x = p.embed(8), out = p.slot(8);
  const Slot q = p.linear(x, "q", 8), k = p.linear(x, "k", 8), v = p.linear(x, "v", 8);
  p.append(Rope{q, RopeStyle::neox, 0, 2, 4, 0, 4});
  p.append(Rope{k, RopeStyle::neox, 0, 2, 4, 0, 4});
  p.append(StoreKv{k, v, 0});
  p.append(Attention{q, out, 0, 2, 0.5f});
  p.append(SoftCap{out, 30});
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (3 linears) 0:8 -> 2:8 3:8 4:8 | q=F32 k=F32 v=F32\n"
            "per_token (rope + rope + store_kv) 2:8 3:8 4:8 -> 2:8 3:8\n"
            "attention (layer 0, 2 heads) 2:8 -> 1:8\n"
            "per_token (soft_cap) 1:8 -> 1:8\n");
}

TEST(GatherPerToken, LeavesExpertsAlone) {
  SmallPlan p;
  const Slot x = p.embed(8), experts = p.slot(2), weights = p.slot(2), out = p.slot(8);
  p.append(Route{p.linear(x, "router", 4), experts, weights});
  p.append(Experts{x, experts, weights, out, p.weight("gate", 8, 8), p.weight("up", 8, 8),
                   p.weight("down", 8, 8)});
  EXPECT_EQ(fused(p),
            "embed -> 0:8 | embedding=F32\n"
            "products (linear) 0:8 -> 4:4 | router=F32\n"
            "per_token (route) 4:4 -> 1:2 2:2\n"
            "experts (silu) 0:8 1:2 2:2 -> 3:8 | gate=F32 up=F32 down=F32\n");
}

}  // namespace
}  // namespace realizar::fusion
