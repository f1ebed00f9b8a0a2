#include "gpu/webgpu/weight_layout.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "gpu/software_gpu.hpp"
#include "kernels/half.hpp"
#include "kernels/random_inputs.hpp"
#include "support/test_name.hpp"

namespace realizar::gpu::webgpu {
namespace {

using kernels::test::RandomMatrix;

constexpr TensorType types[] = {TensorType::q4_0,  TensorType::q4_1, TensorType::q5_0,   TensorType::q5_1,
                                TensorType::q8_0,  TensorType::q2_k, TensorType::q3_k,   TensorType::q4_k,
                                TensorType::q5_k,  TensorType::q6_k, TensorType::iq4_nl, TensorType::iq4_xs,
                                TensorType::tq1_0, TensorType::tq2_0};

/// Reads packed weights back, by the words of weight_layout.hpp.
class Reader {
 public:
  Reader(TensorType type, const PackedPanels& packed, int64_t n_steps)
      : layout_(WeightLayout::of(type)), packed_(packed), n_steps_(static_cast<size_t>(n_steps)) {}

  float value(size_t row, size_t column) const {
    const size_t step = row / 8 * n_steps_ + column / 256, lane = column % 256 / 32,
                 thread = row % 8 * 8 + lane;
    const size_t meta = (step * 8 + row % 8) * static_cast<size_t>(layout_.meta_words());
    const size_t half = column % 32 / 16;
    float d = 0, dmin = 0;
    if (layout_.block == 32 && !layout_.has_min) {
      d = f16(packed_.meta[meta + lane / 2] >> (lane % 2 * 16));
    } else {
      const uint32_t word = packed_.meta[meta + (layout_.block == 32 ? lane : 0)];
      d = f16(word);
      dmin = f16(word >> 16);
    }
    int scale = 1, min = 1;
    if (layout_.has_scales) {
      const auto groups = static_cast<size_t>(layout_.groups_per_chunk);
      const size_t first = lane * static_cast<size_t>(layout_.scale_bytes()), group = groups == 2 ? half : 0;
      scale = scale_byte(meta, first + group);
      if (layout_.has_min) min = scale_byte(meta, first + groups + group);
    }
    return d * layout_.d_factor * static_cast<float>(scale * weight(step, thread, column % 32)) -
           dmin * static_cast<float>(min);
  }

 private:
  static float f16(uint32_t bits) { return kernels::f16_to_f32(static_cast<uint16_t>(bits)); }

  int scale_byte(size_t meta, size_t byte) const {
    return static_cast<int8_t>(packed_.meta[meta + 1 + byte / 4] >> (byte % 4 * 8));
  }

  int weight(size_t step, size_t thread, size_t column) const {
    const size_t half = column / 16, j = column % 16 / 4, byte = column % 4 * 8, at = step * 64 + thread;
    if (layout_.code_bits == 8)
      return static_cast<int8_t>(packed_.wide[((step * 2 + half) * 64 + thread) * 4 + j] >> byte);
    uint32_t code = 0;
    if (layout_.code_bits >= 4) code = packed_.wide[at * 4 + j] >> (byte + half * 4) & 15;
    if (layout_.has_pairs())
      code |= (packed_.pairs[at * 2 + half] >> (byte + 2 * j) & 3) << (layout_.code_bits == 6 ? 4 : 0);
    if (layout_.has_bits())
      code |= (packed_.bits[at] >> (byte + j + 4 * half) & 1) << (layout_.code_bits - 1);
    return layout_.has_table ? layout_.table[code] : static_cast<int>(code) - layout_.offset;
  }

  WeightLayout layout_;
  const PackedPanels& packed_;
  size_t n_steps_;
};

class EachType : public testing::TestWithParam<TensorType> {};

TEST_P(EachType, HoldsTheWeightsOfTheFile) {
  constexpr int rows = 19;
  std::mt19937 random(1);
  const int64_t columns = kernels::info(GetParam()).block == 32 ? 288 : 512;
  const RandomMatrix matrix(random, GetParam(), rows, columns, true);
  const PackedPanels packed =
      pack_panels(GetParam(), std::as_bytes(std::span(matrix.file)), rows, columns, 0, 3);
  const Reader reader(GetParam(), packed, steps_of(columns));
  for (size_t row = 0; row < rows; ++row)
    for (size_t column = 0; column < static_cast<size_t>(columns); ++column) {
      const float expected = matrix.values[row * static_cast<size_t>(columns) + column];
      ASSERT_NEAR(reader.value(row, column), expected, 1e-6f * std::abs(expected) + 1e-6f)
          << row << ", " << column;
    }
}

TEST_P(EachType, TakesLittleMoreThanTheFile) {
  const auto& info = kernels::info(GetParam());
  const WeightLayout layout = WeightLayout::of(GetParam());
  const double bytes = 8 * (16.0 * layout.wide_units() + 8 * layout.has_pairs() + 4 * layout.has_bits()) +
                       4 * layout.meta_words();
  EXPECT_LE(bytes, 1.26 * 256 / info.block * info.bytes);
}

INSTANTIATE_TEST_SUITE_P(WeightLayout, EachType, testing::ValuesIn(types),
                         [](const auto& param) { return test::test_name(kernels::info(param.param).name); });

TEST(WeightLayout, RefusesWhatItCannotHold) {
  EXPECT_EQ(thrown([] { WeightLayout::of(TensorType::iq2_xs); }), ErrorKind::unsupported);
  EXPECT_EQ(thrown([] { WeightLayout::of(TensorType::f16); }), ErrorKind::unsupported);
  EXPECT_FALSE(WeightLayout::has(TensorType::mxfp4));
  const std::vector<std::byte> file(18);
  EXPECT_EQ(thrown([&] { pack_panels(TensorType::q4_0, file, 1, 33, 0, 1); }), ErrorKind::invalid_argument);
  EXPECT_EQ(thrown([&] { pack_panels(TensorType::q4_0, file, 2, 32, 0, 1); }), ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace realizar::gpu::webgpu
