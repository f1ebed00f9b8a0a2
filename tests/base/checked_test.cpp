#include "base/checked.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace realizar {
namespace {

TEST(Checked, MultiplyReportsOverflow) {
  EXPECT_EQ(checked_multiply<uint64_t>(1ull << 32, (1ull << 32) - 1), ((1ull << 32) - 1) << 32);
  EXPECT_EQ(checked_multiply<uint64_t>(1ull << 32, 1ull << 32), std::nullopt);
  EXPECT_EQ(checked_multiply<uint64_t>(0, UINT64_MAX), 0u);
}

TEST(Checked, AddReportsOverflow) {
  EXPECT_EQ(checked_add<uint32_t>(UINT32_MAX - 1, 1), UINT32_MAX);
  EXPECT_EQ(checked_add<uint32_t>(UINT32_MAX, 1), std::nullopt);
}

}  // namespace
}  // namespace realizar
