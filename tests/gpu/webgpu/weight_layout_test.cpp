#include "gpu/webgpu/weight_layout.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "base/bit_cast.hpp"
#include "gpu/software_gpu.hpp"
#include "gpu/webgpu/layout_types.hpp"
#include "kernels/half.hpp"
#include "kernels/random_inputs.hpp"
#include "support/test_name.hpp"

namespace realizar::gpu::webgpu {
namespace {

using kernels::test::RandomMatrix;

/// Reads packed weights back, by the words of weight_layout.hpp.
class Reader {
 public:
  Reader(TensorType type, int64_t n_cols, const std::byte* file, int64_t n_rows)
      : layout_(WeightLayout::of(type)), bytes_(layout_, n_cols), words_(bytes_.all() / 4) {
    pack_panel(type, file, n_rows, n_cols, std::as_writable_bytes(std::span(words_)));
  }

  float value(size_t row, size_t column) const {
    const size_t step = column / 256, chunk = column % 256 / 32, half = column % 32 / 16;
    float d = 0, dmin = 0;
    if (layout_.has_two_d) {
      d = f16(scales(step, chunk, row) >> (half * 16));
    } else if (layout_.d_in_f32) {
      d = bit_cast<float>(scales(step, chunk, row));
    } else if (layout_.block == 32 && !layout_.has_min) {
      d = f16(scales(step, chunk / 2, row) >> (chunk % 2 * 16));
    } else {
      const uint32_t word = scales(step, layout_.block == 32 ? chunk : 0, row);
      d = f16(word);
      dmin = f16(word >> 16);
    }
    int scale = 1, min = 1;
    if (layout_.has_scales) {
      const auto groups = static_cast<size_t>(layout_.groups_per_chunk);
      const size_t first = chunk * static_cast<size_t>(layout_.scale_bytes()), group = groups == 2 ? half : 0;
      scale = scale_byte(step, first + group, row);
      if (layout_.has_min) min = scale_byte(step, first + groups + group, row);
    }
    return d * layout_.d_factor * static_cast<float>(scale * weight(step, chunk, row, column % 32)) -
           dmin * static_cast<float>(min);
  }

 private:
  static float f16(uint32_t bits) { return kernels::f16_to_f32(static_cast<uint16_t>(bits)); }

  uint32_t wide(size_t word) const { return words_[word]; }
  uint32_t pairs(size_t word) const { return words_[bytes_.wide / 4 + word]; }
  uint32_t bits(size_t word) const { return words_[(bytes_.wide + bytes_.pairs) / 4 + word]; }
  uint32_t scales(size_t step, size_t word, size_t row) const {
    return words_[(bytes_.wide + bytes_.pairs + bytes_.bits) / 4 +
                  (step * static_cast<size_t>(layout_.scale_words()) + word) * 32 + row];
  }
  int scale_byte(size_t step, size_t byte, size_t row) const {
    return static_cast<int8_t>(scales(step, 1 + byte / 4, row) >> (byte % 4 * 8));
  }

  int weight(size_t step, size_t chunk, size_t row, size_t column) const {
    const size_t half = column / 16, j = column % 16 / 4, byte = column % 4 * 8;
    if (layout_.code_bits == 8)
      return static_cast<int8_t>(wide((((step * 8 + chunk) * 2 + half) * 32 + row) * 4 + j) >> byte);
    uint32_t code = 0;
    if (layout_.code_bits >= 4)
      code = wide(((step * 8 + chunk) * 32 + row) * 4 + j) >> (byte + half * 4) & 15;
    if (layout_.has_pairs())
      code |= (pairs(((step * 4 + chunk / 2) * 32 + row) * 4 + chunk % 2 * 2 + half) >> (byte + 2 * j) & 3)
              << (layout_.code_bits == 6 ? 4 : 0);
    if (layout_.has_bits())
      code |= (bits(((step * 2 + chunk / 4) * 32 + row) * 4 + chunk % 4) >> (byte + j + 4 * half) & 1)
              << (layout_.code_bits - 1);
    return layout_.has_table ? layout_.table[code] : static_cast<int>(code) - layout_.offset;
  }

  WeightLayout layout_;
  PanelBytes bytes_;
  std::vector<uint32_t> words_;
};

class EachType : public testing::TestWithParam<TensorType> {};

TEST_P(EachType, HoldsTheWeightsOfTheFile) {
  constexpr int rows = 29;
  std::mt19937 random(1);
  const int64_t columns = kernels::info(GetParam()).block == 32 ? 288 : 512;
  const RandomMatrix matrix(random, GetParam(), rows, columns, true);
  const Reader reader(GetParam(), columns, std::as_bytes(std::span(matrix.file)).data(), rows);
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
                       4 * layout.scale_words();
  // Of grids the file has indices, the GPU four bits a weight.
  const bool is_grid = layout.has_table && info.bytes * 8.0 / info.block < 4;
  EXPECT_LE(bytes, (is_grid ? 2.9 : 1.26) * 256 / info.block * info.bytes);
}

INSTANTIATE_TEST_SUITE_P(WeightLayout, EachType, testing::ValuesIn(test::layout_types),
                         [](const auto& param) { return test::test_name(kernels::info(param.param).name); });

TEST(WeightLayout, RefusesWhatItCannotHold) {
  EXPECT_EQ(thrown([] { WeightLayout::of(TensorType::f16); }), ErrorKind::unsupported);
  EXPECT_FALSE(WeightLayout::has(TensorType::f16));
}

}  // namespace
}  // namespace realizar::gpu::webgpu
