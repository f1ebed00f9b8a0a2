#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "backend/aligned_buffer.hpp"
#include "base/bit_cast.hpp"
#include "kernels/dequantize.hpp"
#include "kernels/kernel_table.hpp"

// What is shared by whatever runs kernels: random weights and activations, panels, and comparison of bits.
namespace realizar::kernels::test {

inline constexpr TensorType product_types[] = {
    TensorType::f32,   TensorType::f16,     TensorType::bf16,   TensorType::q4_0,   TensorType::q4_1,
    TensorType::q5_0,  TensorType::q5_1,    TensorType::q8_0,   TensorType::q2_k,   TensorType::q3_k,
    TensorType::q4_k,  TensorType::q5_k,    TensorType::q6_k,   TensorType::iq4_nl, TensorType::iq4_xs,
    TensorType::mxfp4, TensorType::nvfp4,   TensorType::tq1_0,  TensorType::tq2_0,  TensorType::iq1_s,
    TensorType::iq1_m, TensorType::iq2_xxs, TensorType::iq2_xs, TensorType::iq2_s,  TensorType::iq3_xxs,
    TensorType::iq3_s};

/// Where `b` has NaN, `a` may have any.
inline bool same_bits(float a, float b) {
  return (std::isnan(a) && std::isnan(b)) || bit_cast<uint32_t>(a) == bit_cast<uint32_t>(b);
}

inline std::vector<float> random_floats(std::mt19937& random, size_t n, float scale = 1) {
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> out(n);
  for (float& x : out) x = normal(random);
  return out;
}

/// Rows of random blocks; `sane` ones have finite values of moderate size.
struct RandomMatrix {
  TensorType type;
  int n_rows;
  int64_t n_cols;
  size_t row_bytes;
  std::vector<uint8_t> file;
  std::vector<float> values;  // (n_rows, n_cols)

  /// `random()` gives integers, of whose lowest bytes the blocks are made.
  template <class Generator>
  RandomMatrix(Generator& random, TensorType t, int rows, int64_t cols, bool sane)
      : type(t), n_rows(rows), n_cols(cols) {
    const auto block = static_cast<size_t>(info(type).block), bytes = static_cast<size_t>(info(type).bytes);
    row_bytes = static_cast<size_t>(cols) / block * bytes;
    file.resize(row_bytes * static_cast<size_t>(rows));
    values.resize(static_cast<size_t>(rows * cols));
    for (size_t b = 0; b * block < values.size(); ++b)
      fill(random, file.data() + b * bytes, values.data() + b * block, sane);
  }

  /// Takes over what was changed in `file`.
  void read_values() { dequantize(type, file.data(), values.size(), values.data()); }

  /// The panels of all rows, one after the other.
  backend::AlignedBuffer panels() const { return panels(panel_bytes(type, n_cols), pack_panel); }
  /// The same as Int16, of F16 and BF16.
  backend::AlignedBuffer int16_panels() const { return panels(int16_panel_bytes(n_cols), pack_int16_panel); }

 private:
  backend::AlignedBuffer panels(size_t bytes, decltype(pack_panel) pack) const {
    backend::AlignedBuffer out(static_cast<size_t>((n_rows + panel_rows - 1) / panel_rows) * bytes);
    for (int row = 0; row < n_rows; row += panel_rows)
      pack(type, file.data() + static_cast<size_t>(row) * row_bytes, row_bytes,
           std::min(panel_rows, n_rows - row), n_cols,
           out.as<uint8_t>().data() + static_cast<size_t>(row / panel_rows) * bytes);
    return out;
  }

  template <class Generator>
  void fill(Generator& random, uint8_t* block, float* out, bool sane) const {
    const size_t n = static_cast<size_t>(info(type).block);
    for (;;) {
      for (int i = 0; i < info(type).bytes; ++i) block[i] = static_cast<uint8_t>(random());
      dequantize(type, block, n, out);
      bool good = true;
      for (size_t i = 0; i < n; ++i)
        good = good && std::abs(out[i]) < 1e4f && (n > 1 || std::abs(out[i]) > 1e-4f);
      if (good || !sane) return;
    }
  }
};

/// Tokens quantised by the kernels of an instruction set, chunks `stride` tokens apart.
struct Quantized {
  std::vector<int8_t> codes;
  std::vector<float> d, minus_sums;
  std::vector<int16_t> half_sums;
  std::vector<GroupSums> group_sums;
  QuantizedTokens view;

  Quantized(const KernelTable& table, const std::vector<float>& x, int64_t n_cols, int block,
            int64_t n_tokens, int64_t stride)
      : codes(static_cast<size_t>(n_cols * stride)),
        d(static_cast<size_t>(n_cols / block * stride)),
        minus_sums(static_cast<size_t>(n_cols / 32 * stride)),
        half_sums(static_cast<size_t>(n_cols / 16 * stride)),
        group_sums(static_cast<size_t>(n_cols / 256 * stride)),
        view{codes.data(),      nullptr,           d.data(), half_sums.data(),
             minus_sums.data(), group_sums.data(), stride} {
    for (int64_t t = 0; t < n_tokens; ++t) table.quantize(x.data() + t * n_cols, n_cols, block, view, t);
  }
};

/// The same in int16.
struct Int16Tokens {
  std::vector<int16_t> codes;  // (n_cols / 32, stride, 32)
  std::vector<float> d;        // (n_cols / 32, stride)
  QuantizedTokens view;

  Int16Tokens(const KernelTable& table, const std::vector<float>& x, int64_t n_cols, int64_t n_tokens,
              int64_t stride)
      : codes(static_cast<size_t>(n_cols * stride)), d(static_cast<size_t>(n_cols / 32 * stride)) {
    view.int16_codes = codes.data();
    view.d = d.data();
    view.stride = stride;
    for (int64_t t = 0; t < n_tokens; ++t) table.quantize_int16(x.data() + t * n_cols, n_cols, view, t);
  }
};

/// A row of F16 or BF16 weights as Int16, by the kernels of an instruction set.
struct Int16Weights {
  std::vector<uint16_t> d;
  std::vector<int16_t> codes;

  Int16Weights(const KernelTable& table, TensorType type, const uint8_t* row, int64_t n_cols)
      : d(static_cast<size_t>(n_cols / 32)), codes(static_cast<size_t>(n_cols)) {
    table.int16_weights(type, row, static_cast<int>(d.size()), d.data(), codes.data());
  }
};

}  // namespace realizar::kernels::test
