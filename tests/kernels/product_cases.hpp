#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "kernels/formats.hpp"
#include "kernels/kernel_cases.hpp"

// Weights and activations that the arithmetic of products could go wrong on.
namespace realizar::kernels::test {

inline constexpr int64_t product_cols = 768;  // three super-blocks
inline constexpr int product_tokens = 59;     // two tiles of 16, one more, and a rest
inline constexpr int product_panels = 5;      // as many side by side as any kernel takes, and a rest
inline constexpr int product_rows = product_panels * panel_rows;

struct ProductCase {
  std::string name;
  RandomMatrix matrix;   // (product_rows, product_cols)
  std::vector<float> x;  // (product_tokens, product_cols)
};

/// The bits of a block that hold its d and dmin, which `unpack` tells by what it makes of each.
template <class F>
class ScaleBits {
 public:
  ScaleBits() : is_scale_(F::bytes) {
    std::vector<uint8_t> file(F::bytes);
    UnpackedBlock<F> before, after;
    F::unpack(file.data(), before);
    for (size_t i = 0; i < file.size(); ++i)
      for (int bit = 0; bit < 8; ++bit) {
        const auto mask = static_cast<uint8_t>(1 << bit);
        file[i] = mask;
        F::unpack(file.data(), after);
        file[i] = 0;
        Bit found{i, mask, spans, 0};
        for (size_t span = 0; span < spans; ++span)
          if (before.d_bits[span] != after.d_bits[span])
            found = {i, mask, span, static_cast<uint16_t>(before.d_bits[span] ^ after.d_bits[span])};
        if (F::has_min && before.dmin_bits != after.dmin_bits)
          found.changes = before.dmin_bits ^ after.dmin_bits;
        if (found.changes == 0) continue;
        bits_.push_back(found);
        is_scale_[i] |= mask;
      }
  }

  /// Gives a block these d (all of them) and dmin.
  void set(uint8_t* block, uint16_t d, uint16_t dmin) const {
    UnpackedBlock<F> now;
    F::unpack(block, now);
    for (const Bit& bit : bits_) {
      const int is = bit.span < spans ? now.d_bits[bit.span] : now.dmin_bits;
      if (((is ^ (bit.span < spans ? d : dmin)) & bit.changes) != 0) block[bit.byte] ^= bit.mask;
    }
  }

  /// Gives every other bit that of `byte`.
  void fill_others(uint8_t* block, uint8_t byte) const {
    for (size_t i = 0; i < is_scale_.size(); ++i)
      block[i] = static_cast<uint8_t>((block[i] & is_scale_[i]) | (byte & ~is_scale_[i]));
  }

 private:
  static constexpr size_t spans = F::block / F::d_span;
  struct Bit {
    size_t byte;
    uint8_t mask;
    size_t span;       // `spans`: dmin
    uint16_t changes;  // of that d or dmin
  };
  std::vector<Bit> bits_;
  std::vector<uint8_t> is_scale_;
};

/// d as the format stores it.
struct StoredScale {
  uint16_t f16, e8m0, ue4m3;
};
inline constexpr StoredScale smallest_scale{0x0001, 0x00, 0x01}, unit_scale{0x3c00, 0x7f, 0x38},
    largest_scale{0x7bff, 0x7f + 40, 0x7e};  // the powers of two of e8m0 would exceed f32 with any sum

/// Gives all blocks that scale, and where `byte` is not negative every other bit that of `byte`.
inline void set_blocks(RandomMatrix& matrix, StoredScale scale, int byte = -1) {
  if (is_block_format(matrix.type))
    visit_format(matrix.type, [&]<class F>(F) {
      const ScaleBits<F> bits;
      const uint16_t d = F::scale_type == ScaleType::f16    ? scale.f16
                         : F::scale_type == ScaleType::e8m0 ? scale.e8m0
                                                            : scale.ue4m3;
      for (size_t at = 0; at < matrix.file.size(); at += F::bytes) {
        bits.set(matrix.file.data() + at, d, scale.f16);
        if (byte >= 0) bits.fill_others(matrix.file.data() + at, static_cast<uint8_t>(byte));
      }
    });
  matrix.read_values();
}

/// For every kind one case, for codes at their extremes several. F32, F16 and BF16 weights stay moderate, but
/// for those of any bits.
inline std::vector<ProductCase> product_cases(TensorType type) {
  std::mt19937 random(3);
  constexpr size_t cols = product_cols, n = product_tokens * cols;
  const auto matrix = [&](bool sane = true) {
    return RandomMatrix(random, type, product_rows, product_cols, sane);
  };
  const auto scaled = [](RandomMatrix m, StoredScale scale, int byte = -1) {
    set_blocks(m, scale, byte);
    return m;
  };
  std::vector<ProductCase> cases;
  cases.push_back({"random", matrix(), random_floats(random, n)});
  cases.push_back({"any bits, NaN and infinities among them", matrix(false), random_floats(random, n)});
  cases.push_back({"huge", scaled(matrix(), largest_scale), random_floats(random, n, 1e22f)});

  // Products, then activations and then the steps of activations below the smallest normal number.
  cases.push_back({"denormal", scaled(matrix(), smallest_scale), random_floats(random, n)});
  for (size_t i = 0; i < n; ++i) {
    constexpr float scales[] = {1e-32f, 1e-38f, 1e-43f};
    cases.back().x[i] *= scales[i / cols % 3];
  }

  // All terms of row t and token t are positive.
  cases.push_back({"terms of one sign", matrix(), random_floats(random, n)});
  for (size_t i = 0; i < n; ++i)
    cases.back().x[i] = std::copysign(cases.back().x[i], cases.back().matrix.values[i]);

  // The second 256 columns take back what the first gave, and what is left is a millionth of that.
  cases.push_back({"cancelling", matrix(), random_floats(random, n)});
  const size_t bytes = cases.back().matrix.row_bytes / 3;
  for (size_t row = 0; row < product_rows; ++row) {
    uint8_t* first = cases.back().matrix.file.data() + row * 3 * bytes;
    std::memcpy(first + bytes, first, bytes);
  }
  cases.back().matrix.read_values();
  for (size_t t = 0; t < product_tokens; ++t)
    for (size_t k = 0; k < 256; ++k) {
      float* x = cases.back().x.data() + t * cols + k;
      x[256] = -x[0];
      x[512] *= 1e-6f;
    }

  // Codes, integer scales and mins at either end; activations whose codes are +-127.
  for (const int byte : {0x00, 0x7f, 0x80, 0xff}) {
    cases.push_back({"extremes, bytes of " + std::to_string(byte), scaled(matrix(), unit_scale, byte),
                     std::vector<float>(n, 1)});
    for (size_t i = 0; i < n; ++i) {
      const size_t t = i / cols;
      const float signs[] = {1, -1, i % 2 == 0 ? 1.0f : -1.0f, cases.back().matrix.values[i % cols]};
      cases.back().x[i] = std::copysign(1.0f, signs[t % 4]);
    }
  }
  return cases;
}

}  // namespace realizar::kernels::test
