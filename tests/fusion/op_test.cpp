#include <gmock/gmock.h>

#include "fusion/plan.hpp"

namespace realizar::fusion {
namespace {

using testing::ElementsAre;

struct Slots {
  std::vector<Slot> read, written;
};

Slots slots(const Op& op) {
  Slots slots;
  for_each_slot(
      op, [&](const Slot& slot) { slots.read.push_back(slot); },
      [&](const Slot& slot) { slots.written.push_back(slot); });
  return slots;
}

std::vector<int> weights(const Op& op) {
  std::vector<int> indices;
  for_each_weight(op, [&](WeightId id) { indices.push_back(id.index); });
  return indices;
}

const Slot a{0, 0, 8}, b{1, 0, 8}, c{2, 0, 8}, d{3, 0, 8}, none;

TEST(Op, ReadsItsInputsAndWritesItsOutputs) {
  const auto [read, written] = slots(Add{a, b, c});
  EXPECT_THAT(read, ElementsAre(a, b));
  EXPECT_THAT(written, ElementsAre(c));
}

TEST(Op, ThatWorksInPlaceReadsAndWritesItsSlot) {
  for (const Op& op : {Op(Rope{a}), Op(Scale{a}), Op(SoftCap{a}), Op(AddPositionEmbedding{{}, a})}) {
    const auto [read, written] = slots(op);
    EXPECT_THAT(read, ElementsAre(a)) << name(op);
    EXPECT_THAT(written, ElementsAre(a)) << name(op);
  }
}

TEST(Op, SkipsSlotsAndWeightsItDoesNotHave) {
  EXPECT_THAT(slots(Gate{a, none, b}).read, ElementsAre(a));
  EXPECT_THAT(slots(StoreKv{a, none}).read, ElementsAre(a));
  EXPECT_THAT(weights(Linear{a, b, {4}, {}, {6}}), ElementsAre(4, 6));
  EXPECT_THAT(weights(Rope{a}), ElementsAre());
}

TEST(Products, StoreWhatTheirEpilogueMakesAndNothingElse) {
  const std::vector<Linear> both = {{a, b, {1}, {}, {}}, {a, c, {2}, {}, {}}};
  EXPECT_THAT(slots(Products{a, {}, both, {}, {}}).written, ElementsAre(b, c));
  EXPECT_THAT(slots(Products{a, {}, both, Gate{b, c, d}, {}}).written, ElementsAre(d));
  const auto [read, written] = slots(Products{a, {}, {both[0]}, {}, Add{d, b, d}});
  EXPECT_THAT(read, ElementsAre(a, d));
  EXPECT_THAT(written, ElementsAre(d));
}

TEST(Products, ReadTheInputOfTheirNorm) {
  const Products products{a, Norm{a, d, NormKind::rms, {0}, {}, 1e-5f, 8}, {{d, b, {1}, {}, {}}}, {}, {}};
  EXPECT_THAT(slots(products).read, ElementsAre(a));
  EXPECT_THAT(weights(products), ElementsAre(0, 1));
}

TEST(PerToken, HasTheSlotsAndWeightsOfItsOps) {
  const PerToken run{{Norm{a, b, NormKind::rms, {3}, {}, 1e-5f, 8}, Rope{b}, StoreKv{b, c}}};
  EXPECT_THAT(slots(run).read, ElementsAre(a, b, b, c));
  EXPECT_THAT(slots(run).written, ElementsAre(b, b));
  EXPECT_THAT(weights(run), ElementsAre(3));
}

}  // namespace
}  // namespace realizar::fusion
