#include "fusion/buffer_placement.hpp"

#include <gtest/gtest.h>

namespace realizar::fusion {
namespace {

Slot slot(int buffer, int width) { return {buffer, 0, width}; }

TEST(BufferPlacement, BuffersThatNeverMeetShareTheirPlace) {
  Plan plan;
  plan.buffer_widths = {32, 32, 32, 20, 8};
  // 0 -> 1 -> 2 -> 3; 4 is touched by nothing.
  plan.ops = {Embed{{0}, slot(0, 32)}, Add{slot(0, 32), slot(0, 32), slot(1, 32)},
              Add{slot(1, 32), slot(1, 32), slot(2, 32)}, Add{slot(2, 20), slot(2, 20), slot(3, 20)}};
  const BufferPlacement placement = place_buffers(plan);
  EXPECT_EQ(placement.offsets, (std::vector<int64_t>{0, 32, 0, 32, 0}));
  EXPECT_EQ(placement.width, 64);
}

TEST(BufferPlacement, WhatIsReadLaterKeepsItsPlace) {
  Plan plan;
  plan.buffer_widths = {16, 48, 16, 16};
  plan.ops = {Embed{{0}, slot(0, 16)}, Embed{{0}, slot(1, 48)}, Add{slot(1, 16), slot(1, 16), slot(2, 16)},
              Add{slot(0, 16), slot(2, 16), slot(3, 16)}};
  const BufferPlacement placement = place_buffers(plan);
  EXPECT_EQ(placement.offsets, (std::vector<int64_t>{0, 16, 64, 16}));
}

TEST(BufferPlacement, ADeviceMayNeedABufferLonger) {
  Plan plan;
  plan.buffer_widths = {16, 16, 16, 16};
  plan.ops = {Embed{{0}, slot(0, 16)}, Add{slot(0, 16), slot(0, 16), slot(1, 16)},
              Add{slot(1, 16), slot(1, 16), slot(2, 16)}, Add{slot(2, 16), slot(2, 16), slot(3, 16)}};
  EXPECT_EQ(place_buffers(plan).offsets, (std::vector<int64_t>{0, 16, 0, 16}));
  EXPECT_EQ(place_buffers(plan, 1).offsets, (std::vector<int64_t>{0, 16, 32, 0}));
}

TEST(BufferPlacement, AnOpsInputsAndOutputsDoNotOverlap) {
  Plan plan;
  plan.buffer_widths = {16, 16};
  plan.ops = {Embed{{0}, slot(0, 16)}, Gate{slot(0, 16), {}, slot(1, 16)}};
  EXPECT_EQ(place_buffers(plan).offsets, (std::vector<int64_t>{0, 16}));
}

}  // namespace
}  // namespace realizar::fusion
