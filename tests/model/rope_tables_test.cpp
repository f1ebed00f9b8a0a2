#include "model/rope_tables.hpp"

#include <gtest/gtest.h>

#include <cmath>

// 16 rotated columns under base 10000: without scaling pair i turns by 10^(-i/2) a position.
namespace realizar::model {
namespace {

RopeScaling scaling(RopeScalingType type, double factor) {
  RopeScaling out;
  out.type = type;
  out.factor = factor;
  out.original_context = 4096;
  return out;
}

void expect_frequencies(const RopeScaling& settings, const std::vector<double>& expected,
                        std::span<const float> factors = {}) {
  const fusion::RopeTable table = make_rope_table(10000, 16, settings, factors);
  ASSERT_EQ(table.inverse_frequency.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(table.inverse_frequency[i], expected[i], 1e-12 * expected[i]) << "pair " << i;
}

const std::vector<double> unscaled = {1,    0.31622776601683794,   0.1,   0.031622776601683794,
                                      0.01, 0.0031622776601683794, 0.001, 0.00031622776601683794};

TEST(RopeTables, WithoutScalingAreAGeometricSeries) { expect_frequencies({}, unscaled); }

TEST(RopeTables, OfLinearScalingDivideEveryFrequency) {
  std::vector<double> expected = unscaled;
  for (double& frequency : expected) frequency /= 4;
  expect_frequencies(scaling(RopeScalingType::linear, 4), expected);
}

TEST(RopeTables, FactorTensorsDivideTheirOwnFrequency) {
  const std::vector<float> factors = {1, 2, 3, 4, 5, 6, 7, 8};
  std::vector<double> expected = unscaled;
  for (size_t i = 0; i < expected.size(); ++i) expected[i] /= static_cast<double>(factors[i]);
  expect_frequencies({}, expected, factors);
}

TEST(RopeTables, OfNtkScalingKeepTheFastestAndDivideTheSlowest) {
  const auto table = make_rope_table(10000, 16, scaling(RopeScalingType::ntk, 8)).inverse_frequency;
  EXPECT_EQ(table.front(), 1);
  EXPECT_NEAR(table.back(), unscaled.back() / 8, 1e-15);
  for (size_t i = 1; i + 1 < table.size(); ++i) {
    EXPECT_LT(table[i], unscaled[i]);
    EXPECT_GT(table[i], unscaled[i] / 8);
  }
}

// The values are those of the authors' formula (Peng et al. 2023, section 3.2, its limits rounded outwards as
// in their code), computed apart from this program.
TEST(RopeTables, OfYarnBlendBetweenTheTwoLimits) {
  RopeScaling yarn = scaling(RopeScalingType::yarn, 8);
  expect_frequencies(yarn, {1, 0.31622776601683794, 0.1, 0.02470529422006546, 0.005625, 0.0010870329456828802,
                            0.000125, 3.952847075210474e-05});
  yarn.beta_fast = 16;
  yarn.beta_slow = 2;
  expect_frequencies(yarn, {1, 0.31622776601683794, 0.1, 0.03162277660168379, 0.007083333333333335,
                            0.0013176156917368248, 0.000125, 3.952847075210474e-05});
}

TEST(RopeTables, OfYarnWithoutExtrapolationAreLinear) {
  RopeScaling yarn = scaling(RopeScalingType::yarn, 8);
  yarn.extrapolation = 0;
  std::vector<double> expected = unscaled;
  for (double& frequency : expected) frequency /= 8;
  expect_frequencies(yarn, expected);
}

TEST(RopeTables, YarnsMagnitudeGrowsWithTheLogarithmOfTheFactor) {
  EXPECT_EQ(yarn_magnitude(1, 1), 1);
  EXPECT_NEAR(yarn_magnitude(8, 1), 1 + 0.1 * std::log(8), 1e-12);
  EXPECT_NEAR(yarn_magnitude(40, 0.707), 1 + 0.0707 * std::log(40), 1e-12);
}

}  // namespace
}  // namespace realizar::model
