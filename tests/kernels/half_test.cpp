#include "kernels/half.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/bit_cast.hpp"

namespace realizar::kernels {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// The value that the fields of a small float mean, by definition.
float by_definition(int exponent, int mantissa, int mantissa_bits, int bias) {
  const double fraction = std::ldexp(mantissa, -mantissa_bits);
  return static_cast<float>(exponent == 0 ? std::ldexp(fraction, 1 - bias)
                                          : std::ldexp(1 + fraction, exponent - bias));
}

TEST(Half, EveryF16HasItsValueAndComesBack) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = f16_to_f32(half);
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    EXPECT_EQ(std::signbit(value), bits >> 15 != 0);
    if (exponent == 31 && mantissa != 0) {
      EXPECT_TRUE(std::isnan(value));
      EXPECT_EQ(f32_to_f16(value), half | 0x200) << "a NaN keeps its payload and is quiet";
      continue;
    }
    EXPECT_EQ(std::fabs(value), exponent == 31 ? infinity : by_definition(exponent, mantissa, 10, 15));
    EXPECT_EQ(f32_to_f16(value), half);
  }
}

TEST(Half, F32ToF16RoundsToNearestEven) {
  // Between each positive finite f16 and the next: below the middle down, above it up, in the middle to the
  // even one.
  for (uint16_t low = 0; low < 0x7bff; ++low) {
    const auto high = static_cast<uint16_t>(low + 1);
    const float middle = (f16_to_f32(low) + f16_to_f32(high)) / 2;
    const uint16_t even = (low & 1) != 0 ? high : low;
    ASSERT_EQ(f32_to_f16(middle), even);
    ASSERT_EQ(f32_to_f16(-middle), even | 0x8000);
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, 0.0f)), low);
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, infinity)), high);
  }
}

TEST(Half, F32BeyondTheRangeOfF16) {
  EXPECT_EQ(f32_to_f16(std::nextafter(65520.0f, 0.0f)), 0x7bff);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);
  EXPECT_EQ(f32_to_f16(-std::numeric_limits<float>::max()), 0xfc00);
  EXPECT_EQ(f32_to_f16(infinity), 0x7c00);
  EXPECT_EQ(f32_to_f16(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(f32_to_f16(not_a_number), 0x7e00);
}

TEST(Half, Bf16IsTheUpperHalfRounded) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const auto upper = static_cast<uint16_t>(bits);
    const float value = bf16_to_f32(upper);
    if (std::isnan(value)) {
      EXPECT_EQ(f32_to_bf16(value), upper | 0x40);
      continue;
    }
    EXPECT_EQ(f32_to_bf16(value), upper);
    if (!std::isfinite(value)) continue;
    const auto with_rest = [&](uint32_t rest) {
      return f32_to_bf16(bit_cast<float>(static_cast<uint32_t>(bits) << 16 | rest));
    };
    EXPECT_EQ(with_rest(0x7fff), upper);
    EXPECT_EQ(with_rest(0x8000), upper + (upper & 1));
    EXPECT_EQ(with_rest(0x8001), upper + 1);
  }
  EXPECT_EQ(f32_to_bf16(bit_cast<float>(0x7f800001)), 0x7fc0) << "a NaN must not become infinite";
}

TEST(Half, E8m0IsHalfAPowerOfTwo) {
  for (int bits = 0; bits < 256; ++bits)
    EXPECT_EQ(e8m0_half_to_f32(static_cast<uint8_t>(bits)), std::ldexp(1.0f, bits - 128));
}

TEST(Half, Ue4m3IsHalfOfAnE4m3WithoutSign) {
  for (int bits = 0; bits < 256; ++bits) {
    const float whole = by_definition(bits >> 3 & 15, bits & 7, 3, 7);
    EXPECT_EQ(ue4m3_half_to_f32(static_cast<uint8_t>(bits)), bits == 0x7f ? 0 : whole / 2);
  }
}

}  // namespace
}  // namespace realizar::kernels
