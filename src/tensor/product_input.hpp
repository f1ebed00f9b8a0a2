#pragma once

#include <cstdint>
#include <span>

#include "backend/aligned_buffer.hpp"
#include "kernels/kernel_table.hpp"

namespace realizar::tensor {

/// In which forms a product wants its tokens.
struct InputForms {
  bool floats = false;       // f32 rows: F32 weights, or exact arithmetic
  bool quantized32 = false;  // int8 in blocks of 32
  bool quantized256 = false;
  bool int16 = false;  // int16 in blocks of 32: F16 and BF16 weights

  InputForms operator|(const InputForms& other) const {
    return {floats || other.floats, quantized32 || other.quantized32, quantized256 || other.quantized256,
            int16 || other.int16};
  }
  bool operator==(const InputForms&) const = default;
  /// Whether all forms of `other` are among them.
  bool has(const InputForms& other) const { return (*this | other) == *this; }
};

/// The tokens that a product multiplies weights with: (n_tokens, n_cols) in f32 and as integers. Made once
/// for a batch, filled token by token (by several threads, each its own tokens), read by all products of the
/// same input.
class ProductInput {
 public:
  ProductInput() = default;
  /// Room for `capacity` numbers: n_tokens times n_cols.
  explicit ProductInput(int64_t capacity);

  /// Starts a new input. Throws `internal` beyond the room.
  void reset(int64_t n_tokens, int64_t n_cols, const InputForms& forms);

  /// Row `token` of the f32 form, to be written before `fill(token)`.
  std::span<float> row(int64_t token) {
    return {rows_.as<float>().data() + token * n_cols_, static_cast<size_t>(n_cols_)};
  }
  /// Makes the integer forms of a token from its f32 row.
  void quantize_row(int64_t token) { quantize(token, row(token).data()); }
  /// The same from a row that stands elsewhere; the f32 form is copied if it is wanted. Throws
  /// `invalid_argument` when the row has another length.
  void fill(int64_t token, std::span<const float> x);

  int64_t n_tokens() const { return n_tokens_; }
  int64_t n_cols() const { return n_cols_; }
  const InputForms& forms() const { return forms_; }
  const float* floats() const { return rows_.as<float>().data(); }
  size_t bytes() const;
  /// The tokens as integers, in a form that was asked for.
  const kernels::QuantizedTokens& quantized(const InputForms& form) const {
    return form.int16 ? int16_.view : form.quantized32 ? by32_.view : by256_.view;
  }

 private:
  struct Quantized {
    backend::AlignedBuffer codes, d, half_sums, minus_sums, group_sums;
    kernels::QuantizedTokens view;
    Quantized() = default;
    /// Room for so many numbers in blocks of so many columns, of so many bytes each.
    Quantized(int64_t room, int block, int code_bytes);
  };
  void quantize(int64_t token, const float* x);

  int64_t capacity_ = 0;
  int64_t n_tokens_ = 0, n_cols_ = 0;
  InputForms forms_;
  backend::AlignedBuffer rows_;
  Quantized by32_, by256_, int16_;
};

}  // namespace realizar::tensor
