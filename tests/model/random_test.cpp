#include "model/random.hpp"

#include <gtest/gtest.h>

#include <set>

namespace realizar::model {
namespace {

using Counter = std::array<uint32_t, 4>;

/// The lines "philox4x32 10" of the file kat_vectors of Random123 1.14.
TEST(Philox, GivesThePublishedKnownAnswers) {
  EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}), (Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32_10({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, IsPhiloxOverACountedBlock) {
  RandomStream stream(0x299f31d0a4093822, 0, 0);
  const Counter first = philox4x32_10({0, 0, 0, 0}, {0xa4093822, 0x299f31d0});
  const Counter second = philox4x32_10({1, 0, 0, 0}, {0xa4093822, 0x299f31d0});
  for (const uint32_t expected : first) EXPECT_EQ(stream.next(), expected);
  for (const uint32_t expected : second) EXPECT_EQ(stream.next(), expected);
}

TEST(RandomStream, SeedPositionAndPurposeEachChangeIt) {
  std::set<uint32_t> firsts;
  for (const uint64_t seed : {0ull, 1ull, 1ull << 32})
    for (const uint64_t position : {0ull, 1ull, 1ull << 32})
      for (const uint32_t purpose : {0u, 1u}) firsts.insert(RandomStream(seed, position, purpose).next());
  EXPECT_EQ(firsts.size(), 18u);
}

TEST(RandomStream, UniformsAreBelowOneAndMeanAHalf) {
  double sum_float = 0, sum_double = 0, sum_squares = 0;
  constexpr int n = 100000;
  RandomStream stream(7, 0, 0);
  for (int i = 0; i < n; ++i) {
    const float a = stream.uniform_float();
    const double b = stream.uniform_double();
    ASSERT_TRUE(a >= 0 && a < 1 && b >= 0 && b < 1);
    sum_float += a;
    sum_double += b;
    sum_squares += b * b;
  }
  EXPECT_NEAR(sum_float / n, 0.5, 0.005);
  EXPECT_NEAR(sum_double / n, 0.5, 0.005);
  EXPECT_NEAR(sum_squares / n, 1.0 / 3, 0.005);
}

}  // namespace
}  // namespace realizar::model
