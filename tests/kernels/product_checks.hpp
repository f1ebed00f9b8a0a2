#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "base/bit_cast.hpp"
#include "kernels/product_cases.hpp"
#include "support/sanitized.hpp"

// What the products of an instruction set are held to.
namespace realizar::kernels::test {

inline constexpr double largest_f32 = std::numeric_limits<float>::max();
inline constexpr double smallest_normal_f32 = std::numeric_limits<float>::min();

/// The farthest that products were from what bounds them.
struct ProductErrors {
  int64_t ulps = 0;     // of exact ones from multiplying and adding in f32, where terms do not cancel
  double of_bound = 0;  // of fast ones from the exact dot, as a share of their bound
};

/// One row times one token: FMAs in the order of the columns.
inline float exact_model(const float* weights, const float* x, int64_t n) {
  float sum = 0;
  for (int64_t k = 0; k < n; ++k) sum = std::fma(weights[k], x[k], sum);
  return sum;
}

/// f32 numbers from one to the other.
inline int64_t ulps_between(float a, float b) {
  const auto in_order = [](float x) {
    const auto bits = bit_cast<int32_t>(x);
    return bits < 0 ? int64_t{INT32_MIN} - bits : int64_t{bits};
  };
  return std::abs(in_order(a) - in_order(b));
}

/// The exact product has the bits of dequantising, then FMAs in the order of the columns; and where terms do
/// not cancel, it is within 4 ULP of multiplying and adding in f32 (but for denormal terms, which multiplying
/// rounds to what little they have, and FMAs do not).
inline void check_exact(const KernelTable& table, const ProductCase& c, ProductErrors& errors) {
  const auto panels = c.matrix.panels();
  // The scalar kernels take their time: some tokens side by side and a rest, and one.
  for (const auto& [first, count] : {std::pair{0, 11}, {4, 1}}) {
    std::vector<float> out(static_cast<size_t>(count * product_rows));
    table.exact[static_cast<int>(c.matrix.type)](panels.as<uint8_t>().data(), product_panels, product_cols,
                                                 c.x.data() + first * product_cols, product_cols, count,
                                                 out.data());
    for (int row = 0; row < product_rows; ++row)
      for (int t = first; t < first + count; ++t) {
        const float* weights = c.matrix.values.data() + row * product_cols;
        const float* x = c.x.data() + t * product_cols;
        const float got =
            out[static_cast<size_t>((row / panel_rows * count + t - first) * panel_rows + row % panel_rows)];
        const std::string where = std::string(info(c.matrix.type).name) + ", " + c.name + ", token " +
                                  std::to_string(t) + " row " + std::to_string(row);
        const float expected = exact_model(weights, x, product_cols);
        ASSERT_TRUE(same_bits(got, expected)) << where << ": " << got << " " << expected;
        float reference = 0;
        double sum = 0, magnitude = 0;
        for (int64_t k = 0; k < product_cols; ++k) {
          reference += weights[k] * x[k];
          const double term = static_cast<double>(weights[k]) * static_cast<double>(x[k]);
          sum += term;
          magnitude += std::abs(term);
        }
        const bool is_normal = magnitude > product_cols * smallest_normal_f32 && magnitude < largest_f32;
        if (magnitude <= 2 * std::abs(sum) && is_normal) {
          errors.ulps = std::max(errors.ulps, ulps_between(got, reference));
          ASSERT_LE(ulps_between(got, reference), 4) << where << ": " << got << " " << reference;
        }
      }
  }
}

/// A row times a quantised token as the fast arithmetic defines it.
struct FastModel {
  float sum = 0;
  double magnitude = 0;  // sum of the terms' absolute values
  double factors = 0;    // of the numbers that meet a rounded one
  int n_terms = 0;

  /// sum += factor * rounded, `magnitude_of_rounded` being what went into it without cancelling.
  void add(float factor, float rounded, double magnitude_of_rounded) {
    sum = std::fma(factor, rounded, sum);
    magnitude += std::abs(static_cast<double>(factor)) * magnitude_of_rounded;
    factors += std::abs(static_cast<double>(factor));
    ++n_terms;
  }
  /// How far rounding to f32, and to its smallest numbers, can take the sum from the numbers it stands for.
  double rounding() const { return (n_terms + 2) * 0x1p-23 * magnitude + (2 * factors + n_terms) * 0x1p-149; }
};

/// The fast arithmetic in 64-bit integers, from the unpacked blocks of one row and the codes of one token.
template <class F>
FastModel fast_model(const uint8_t* row, const Quantized& x, int64_t t) {
  FastModel model;
  UnpackedBlock<F> block;
  for (int64_t b = 0; b < product_cols / F::block; ++b) {
    F::unpack(row + b * F::bytes, block);
    const float dmin = f16_to_f32(block.dmin_bits);
    const auto code_at = [&](int64_t k) {  // of column k
      return int64_t{x.view.codes_of(activation_block(F::type), k / 32, t)[k % 32]};
    };
    const int step = std::max(F::d_span, 32);  // mins follow the dots of a chunk
    for (int at = 0; at < F::block; at += step) {
      const int64_t column = b * F::block + at;
      const float dx = x.d[static_cast<size_t>(column / activation_block(F::type) * x.view.stride + t)];
      int64_t mins = 0;
      for (int k = at; k < at + step; ++k) mins += block.min[k / F::group] * code_at(b * F::block + k);
      for (int span = at; span < at + step; span += F::d_span) {
        int64_t dot = 0;
        for (int k = span; k < span + F::d_span; ++k)
          dot += scale_value<F>(block.scale[k / F::group]) * weight<F>(block.code[k]) *
                 code_at(b * F::block + k);
        const float d = d_value<F>(block.d_bits[span / F::d_span]);
        if constexpr (F::d_span <= 32) {
          const float scales = d * dx;
          model.add(static_cast<float>(dot), scales, std::abs(static_cast<double>(scales)));
          continue;
        }
        float value = static_cast<float>(dot) * d;
        double magnitude = std::abs(static_cast<double>(value));
        if constexpr (F::has_min) {
          value = std::fma(-static_cast<float>(mins), dmin, value);
          magnitude += std::abs(static_cast<double>(mins) * static_cast<double>(dmin));
        }
        model.add(dx, value, magnitude);
      }
      if (F::has_min && F::block == 32) {
        const float minus_sum = -(dx * static_cast<float>(mins));
        model.add(dmin, minus_sum, std::abs(static_cast<double>(minus_sum)));
      }
    }
  }
  return model;
}

/// The fast product has the bits of the integer model, for any tokens of a batch; and it is as near the exact
/// dot as half a step of the activations allows, (step / 2) * sum |w|, beside the rounding to f32.
inline void check_fast(const KernelTable& table, const ProductCase& c, ProductErrors& errors) {
  visit_format(c.matrix.type, [&]<class F>(F) {
    constexpr int block = F::block == 256 ? 256 : 32;
    ASSERT_EQ(activation_block(F::type), block);
    const auto panels = c.matrix.panels();
    const Quantized quantized(kernels_of(backend::Isa::scalar), c.x, product_cols, block, product_tokens,
                              product_tokens + 1);
    constexpr int tile_of_tokens = 16;
    for (const auto& [first, count] : {std::pair{0, product_tokens}, {4, 1}, {9, 2}}) {
      std::vector<float> out(static_cast<size_t>(count * product_rows));
      const size_t panel = panel_bytes(F::type, product_cols);
      for (int p = 0; p < product_panels; p += max_tile_panels)
        table.fast[static_cast<int>(F::type)](
            panels.template as<uint8_t>().data() + static_cast<size_t>(p) * panel,
            std::min(max_tile_panels, product_panels - p), product_cols, quantized.view, first, count,
            out.data() + p * count * panel_rows);
      for (int row = 0; row < product_rows; ++row)
        for (int t = 0; t < count; ++t) {
          const int token = first + t;
          // The model takes its time: of many results a part, from all rows and all tokens.
          constexpr int part = realizar::test::sanitized ? 11 : 3;
          if (count > tile_of_tokens && (row + token) % part != 0) continue;
          const FastModel model = fast_model<F>(
              c.matrix.file.data() + static_cast<size_t>(row) * c.matrix.row_bytes, quantized, token);
          const float got =
              out[static_cast<size_t>((row / panel_rows * count + t) * panel_rows + row % panel_rows)];
          ASSERT_TRUE(same_bits(got, model.sum))
              << info(F::type).name << ", " << c.name << ", token " << token << " row " << row << ": " << got
              << " " << model.sum;
          double exact = 0, bound = model.rounding();
          for (int64_t k = 0; k < product_cols; ++k) {
            const auto w = static_cast<double>(c.matrix.values[static_cast<size_t>(row * product_cols + k)]);
            const double step = static_cast<double>(
                quantized.d[static_cast<size_t>(k / block * quantized.view.stride + token)]);
            exact += w * static_cast<double>(c.x[static_cast<size_t>(token * product_cols + k)]);
            // The step is itself rounded, which shows where it is denormal.
            bound += (step / 2 + 128 * 0x1p-150) * std::abs(w);
          }
          if (std::isfinite(exact) && model.magnitude < largest_f32) {
            const double error = std::abs(static_cast<double>(got) - exact);
            ASSERT_LE(error, bound) << info(F::type).name << ", " << c.name << ", token " << token << " row "
                                    << row;
            if (error > 0) errors.of_bound = std::max(errors.of_bound, error / bound);
          }
        }
    }
  });
}

}  // namespace realizar::kernels::test
