#include "kernels/dequantize.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/bit_cast.hpp"
#include "kernels/formats.hpp"
#include "support/sha256.hpp"

namespace realizar::kernels {
namespace {

struct Expected {
  TensorType type;
  const char* sha256;
};

// What the PyPI package gguf computes from 1024 blocks of random bytes; written by tests/oracle/dequantize.py
// --record.
constexpr Expected expected[] = {
#include "kernels/dequantize_expected.inc"
};

/// The bytes that the script makes: SplitMix64, its words little-endian.
std::vector<uint8_t> random_bytes(uint64_t state, size_t count) {
  std::vector<uint8_t> bytes;
  while (bytes.size() < count) {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    z ^= z >> 31;
    for (int i = 0; i < 8 && bytes.size() < count; ++i) bytes.push_back(static_cast<uint8_t>(z >> (8 * i)));
  }
  return bytes;
}

class DequantizeTest : public testing::TestWithParam<Expected> {};

TEST_P(DequantizeTest, RandomBlocksGiveTheBitsOfTheReference) {
  const TensorTypeInfo& type = info(GetParam().type);
  const auto file = random_bytes(static_cast<uint64_t>(type.type), 1024 * static_cast<size_t>(type.bytes));
  std::vector<float> values(1024 * static_cast<size_t>(type.block));
  dequantize(type.type, file.data(), values.size(), values.data());
  std::vector<uint8_t> bytes;
  for (const float value : values) {
    const uint32_t bits = std::isnan(value) ? 0x7fc00000 : bit_cast<uint32_t>(value);
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(bits >> (8 * i)));
  }
  EXPECT_EQ(realizar::test::sha256(bytes.data(), bytes.size()), GetParam().sha256);
}

INSTANTIATE_TEST_SUITE_P(Formats, DequantizeTest, testing::ValuesIn(expected), [](const auto& test) {
  return std::string(tensor_type_name(static_cast<uint32_t>(test.param.type)));
});

TEST(Dequantize, EveryBlockFormatHasAnExpectedHash) {
  for_each_format(AllBlockFormats{}, []<class F>(F) {
    bool found = false;
    for (const Expected& e : expected) found |= e.type == F::type;
    EXPECT_TRUE(found) << info(F::type).name;
  });
}

template <class Element>
std::vector<float> dequantized(TensorType type, const std::vector<Element>& elements) {
  // One byte off, since a file may place a tensor anywhere.
  std::vector<uint8_t> file(1 + elements.size() * sizeof(Element));
  std::memcpy(file.data() + 1, elements.data(), elements.size() * sizeof(Element));
  std::vector<float> values(elements.size());
  dequantize(type, file.data() + 1, values.size(), values.data());
  return values;
}

TEST(Dequantize, PlainElementsRoundToNearest) {
  using Floats = std::vector<float>;
  EXPECT_EQ(dequantized<float>(TensorType::f32, {1.5f, -0x1p-149f}), (Floats{1.5f, -0x1p-149f}));
  EXPECT_EQ(dequantized<double>(TensorType::f64, {0.1, 1 + 0x1p-24, 1 + 0x3p-24, 1e300}),
            (Floats{0.1f, 1, 1 + 0x1p-22f, std::numeric_limits<float>::infinity()}));
  EXPECT_EQ(dequantized<int8_t>(TensorType::i8, {-128, 127}), (Floats{-128, 127}));
  EXPECT_EQ(dequantized<int16_t>(TensorType::i16, {-32768, 32767}), (Floats{-32768, 32767}));
  EXPECT_EQ(dequantized<int32_t>(TensorType::i32, {16777217, 16777219, -7}),
            (Floats{16777216, 16777220, -7}));
  EXPECT_EQ(dequantized<int64_t>(TensorType::i64, {INT64_MAX, -1}), (Floats{0x1p63f, -1}));
}

}  // namespace
}  // namespace realizar::kernels
