#include <gtest/gtest.h>

#include "kernels/kernel_cases.hpp"

namespace realizar::kernels::test {
namespace {

using PeakLoops = OnEachIsa;

TEST_P(PeakLoops, CountWhatTheyDoRoundByRound) {
  for (const auto loop : {table().int8_peak, table().f32_peak}) {
    EXPECT_EQ(loop(0), 0);
    EXPECT_GT(loop(1), 0);
    EXPECT_EQ(loop(5), 5 * loop(1));
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, PeakLoops, all_isas, isa_name);

}  // namespace
}  // namespace realizar::kernels::test
