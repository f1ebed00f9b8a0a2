#include "base/math.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace realizar {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// |a - b| in units of the last place of b.
double ulps(double a, double b) {
  return std::abs(a - b) / (std::nextafter(std::abs(b), infinity) - std::abs(b));
}

TEST(PortableMath, ExpIsWithinTwoUlpsOfTheLibrary) {
  std::mt19937_64 random(1);
  for (const double scale : {1e-9, 1e-2, 1.0, 30.0, 700.0})
    for (int i = 0; i < 20000; ++i) {
      const double x = scale * (static_cast<double>(random() >> 11) * 0x1p-52 - 1);
      ASSERT_LE(ulps(portable_exp(x), std::exp(x)), 2) << x;
    }
}

TEST(PortableMath, LogIsWithinTwoUlpsOfTheLibrary) {
  std::mt19937_64 random(2);
  for (const double scale : {1e-9, 1e-2, 1.0, 30.0, 700.0})
    for (int i = 0; i < 20000; ++i) {
      const double x = std::exp(scale * (static_cast<double>(random() >> 11) * 0x1p-52 - 1));
      ASSERT_LE(ulps(portable_log(x), std::log(x)), 2) << x;
    }
}

TEST(PortableMath, ExpAtTheEdges) {
  EXPECT_EQ(portable_exp(0), 1);
  EXPECT_EQ(portable_exp(-infinity), 0);
  EXPECT_EQ(portable_exp(-746), 0);
  EXPECT_EQ(portable_exp(infinity), infinity);
  EXPECT_EQ(portable_exp(710), infinity);
  EXPECT_LE(ulps(portable_exp(709.78), std::exp(709.78)), 2);
  EXPECT_EQ(portable_exp(-745), std::numeric_limits<double>::denorm_min());
  EXPECT_TRUE(std::isnan(portable_exp(std::nan(""))));
}

TEST(PortableMath, LogAtTheEdges) {
  EXPECT_EQ(portable_log(1), 0);
  EXPECT_EQ(portable_log(0), -infinity);
  EXPECT_EQ(portable_log(infinity), infinity);
  EXPECT_TRUE(std::isnan(portable_log(-1)));
  EXPECT_TRUE(std::isnan(portable_log(std::nan(""))));
  EXPECT_LE(ulps(portable_log(5e-324), std::log(5e-324)), 2);
}

/// The bits themselves: what another machine must give as well.
TEST(PortableMath, BitsAreFixed) {
  EXPECT_EQ(portable_exp(1), 0x1.5bf0a8b14576ap+1);
  EXPECT_EQ(portable_exp(-10.5), 0x1.cdfc263f6a0bap-16);
  EXPECT_EQ(portable_log(10), 0x1.26bb1bbb55516p+1);
  EXPECT_EQ(portable_log(0.3), -0x1.34378fcbda721p+0);
}

}  // namespace
}  // namespace realizar
