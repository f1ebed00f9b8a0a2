#include "kernels/formats.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "base/bit_cast.hpp"
#include "kernels/dequantize.hpp"

namespace realizar::kernels {
namespace {

template <class F>
std::vector<uint8_t> random_block(std::mt19937& random) {
  std::vector<uint8_t> file(F::bytes);
  for (uint8_t& byte : file) byte = static_cast<uint8_t>(random());
  return file;
}

template <class F>
UnpackedBlock<F> unpacked(const std::vector<uint8_t>& file) {
  UnpackedBlock<F> block;
  std::memset(&block, 0xa5, sizeof block);  // unpack must write every field
  F::unpack(file.data(), block);
  return block;
}

template <class F>
struct FormatTest : testing::Test {};

template <class>
struct AsTestTypes;
template <class... F>
struct AsTestTypes<FormatList<F...>> {
  using type = testing::Types<F...>;
};
struct FormatName {
  template <class F>
  static std::string GetName(int) {
    return info(F::type).name;
  }
};
TYPED_TEST_SUITE(FormatTest, AsTestTypes<AllBlockFormats>::type, FormatName);

template <class F>
int highest_stored_scale() {
  return F::scale_bits == 0 ? 1 : (1 << F::scale_bits) - 1;
}

TYPED_TEST(FormatTest, CodesAndScalesStayInTheirBitsAndReachBothEnds) {
  using F = TypeParam;
  std::mt19937 random(1);
  std::set<int> codes, scales, mins;
  for (int i = 0; i < 2000; ++i) {
    const auto block = unpacked<F>(random_block<F>(random));
    codes.insert(std::begin(block.code), std::end(block.code));
    scales.insert(std::begin(block.scale), std::end(block.scale));
    mins.insert(std::begin(block.min), std::end(block.min));
  }
  // Three of the four codes occur in TQ1_0; of the 256 weights a grid format could have, a few.
  if constexpr (F::codes != Codes::grid) {
    const size_t count = F::type == TensorType::tq1_0 ? 3 : size_t{1} << F::code_bits;
    EXPECT_EQ(codes.size(), count);
    EXPECT_EQ(*codes.begin(), 0);
    EXPECT_EQ(*codes.rbegin(), static_cast<int>(count) - 1);
  }
  EXPECT_EQ(*scales.rbegin(), highest_stored_scale<F>());
  // A grid format has the odd scales only.
  EXPECT_EQ(*scales.begin(), F::scale_bits == 0 || F::codes == Codes::grid ? 1 : 0);
  const size_t scale_count =
      (size_t{1} << F::scale_bits) / (F::scale_bits != 0 && F::codes == Codes::grid ? 2 : 1);
  EXPECT_EQ(scales.size(), scale_count);
  if constexpr (!F::has_min)
    EXPECT_EQ(mins, std::set<int>{0});
  else if constexpr (F::scale_bits == 0)
    EXPECT_EQ(mins, std::set<int>{1});
  else
    EXPECT_EQ(mins.size(), size_t{1} << F::scale_bits);
}

TYPED_TEST(FormatTest, EveryBitOfTheFileMatters) {
  using F = TypeParam;
  // TQ1_0 has 256 bytes for 243 numbers, so a bit may change nothing there.
  if constexpr (F::type != TensorType::tq1_0) {
    std::mt19937 random(2);
    auto file = random_block<F>(random);
    const auto before = unpacked<F>(file);
    for (int bit = 0; bit < 8 * F::bytes; ++bit) {
      const auto mask = static_cast<uint8_t>(1 << bit % 8);
      file[static_cast<size_t>(bit / 8)] ^= mask;
      const auto after = unpacked<F>(file);
      file[static_cast<size_t>(bit / 8)] ^= mask;
      EXPECT_NE(std::memcmp(&before, &after, sizeof before), 0) << "bit " << bit;
    }
  }
}

/// d times any scale times any weight must fit the 24 bits of an f32: dequantisation then rounds nowhere, and
/// may multiply in any order.
TYPED_TEST(FormatTest, ProductsAreExactInF32) {
  using F = TypeParam;
  const auto without_factors_of_two = [](int value) {
    while (value != 0 && value % 2 == 0) value /= 2;
    return std::abs(value);
  };
  const int largest_d = F::scale_type == ScaleType::f16 ? 2047 : F::scale_type == ScaleType::ue4m3 ? 15 : 1;
  for (int stored = 0; stored <= highest_stored_scale<F>(); ++stored)
    for (int raw = 0; raw < 1 << F::code_bits; ++raw)
      ASSERT_LT(largest_d * without_factors_of_two(scale_value<F>(static_cast<uint8_t>(stored)) *
                                                   weight<F>(static_cast<uint8_t>(raw))),
                1 << 24);
  EXPECT_EQ(bit_cast<uint32_t>(F::d_factor) & 0x7fffff, 0u) << "a power of two";
}

/// The value that the formula of format.hpp gives, in f64, for each weight.
TYPED_TEST(FormatTest, ValuesFollowTheFormula) {
  using F = TypeParam;
  std::mt19937 random(3);
  std::vector<float> values(F::block);
  for (int i = 0; i < 200; ++i) {
    const auto file = random_block<F>(random);
    const auto block = unpacked<F>(file);
    dequantize(F::type, file.data(), values.size(), values.data());
    for (int k = 0; k < F::block; ++k) {
      const int group = k / F::group;
      double value = static_cast<double>(d_value<F>(block.d_bits[k / F::d_span])) *
                     scale_value<F>(block.scale[group]) * weight<F>(block.code[k]);
      if (F::has_min) value -= static_cast<double>(f16_to_f32(block.dmin_bits)) * block.min[group];
      const float wanted = static_cast<float>(value);
      if (std::isnan(wanted))
        ASSERT_TRUE(std::isnan(values[static_cast<size_t>(k)]));
      else
        ASSERT_EQ(values[static_cast<size_t>(k)], wanted);
    }
  }
}

/// Where the f16 d stands in a block is found by asking `unpack`: every bit of it must arrive, and denormal,
/// infinite and NaN scales must come through to the values.
TEST(Formats, UnusualScalesReachTheValues) {
  std::vector<uint8_t> file(Q8_0::bytes, 1);  // all weights 1
  std::vector<float> values(Q8_0::block);
  const auto with_d = [&](uint16_t d) {
    file[0] = static_cast<uint8_t>(d);
    file[1] = static_cast<uint8_t>(d >> 8);
    dequantize(TensorType::q8_0, file.data(), values.size(), values.data());
    return values[31];
  };
  EXPECT_EQ(with_d(0x0001), 0x1p-24f);
  EXPECT_EQ(with_d(0x83ff), -0x3ffp-24f);
  EXPECT_EQ(with_d(0x7c00), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(with_d(0x7e00)));
  file[33] = 0;  // infinity times a zero weight
  EXPECT_TRUE(std::isnan(with_d(0x7c00)));
}

TEST(Formats, MxfpScalesOverflowAndUnderflowAsIeee) {
  std::vector<uint8_t> file(MXFP4::bytes, 0xf7);  // weights 12, then -12
  std::vector<float> values(MXFP4::block);
  file[0] = 255;
  dequantize(TensorType::mxfp4, file.data(), values.size(), values.data());
  EXPECT_EQ(values[0], std::numeric_limits<float>::infinity());
  EXPECT_EQ(values[16], -std::numeric_limits<float>::infinity());
  file[0] = 0;
  dequantize(TensorType::mxfp4, file.data(), values.size(), values.data());
  EXPECT_EQ(values[0], 0xcp-128f);
}

template <class F>
struct GridTest : testing::Test {};
TYPED_TEST_SUITE(GridTest, AsTestTypes<GridFormats>::type, FormatName);

TYPED_TEST(GridTest, RunsExpandToTheCodesOfTheBlock) {
  using F = TypeParam;
  std::mt19937 random(4);
  for (int i = 0; i < 50; ++i) {
    const auto file = random_block<F>(random);
    const auto block = unpacked<F>(file);
    for (int k8 = 0; k8 < F::block / 8; ++k8) {
      GridRun run;
      F::grid_fields(file.data(), k8, run);
      for (int index = 0; index < F::indices; ++index) EXPECT_LT(run.index[index], 1 << F::index_bits);
      EXPECT_TRUE(F::sign_bits != 7 || std::popcount(run.signs) % 2 == 0);
      EXPECT_TRUE(F::sign_bits != 0 || run.signs == 0);
      int8_t weights[8];
      F::expand(run, weights);
      for (int j = 0; j < 8; ++j) EXPECT_EQ(weights[j], weight<F>(block.code[8 * k8 + j]));
    }
  }
}

TYPED_TEST(GridTest, VectorsAreDistinctAndAligned) {
  using F = TypeParam;
  constexpr int length = 8 / F::indices;
  std::set<std::vector<int8_t>> vectors;
  for (int i = 0; i < 1 << F::index_bits; ++i)
    vectors.emplace(F::grid() + i * length, F::grid() + (i + 1) * length);
  EXPECT_EQ(vectors.size(), size_t{1} << F::index_bits);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(F::grid()) % 64, 0u);
}

}  // namespace
}  // namespace realizar::kernels
