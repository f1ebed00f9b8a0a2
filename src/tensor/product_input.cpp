#include "tensor/product_input.hpp"

#include <cstring>

#include "base/error.hpp"

namespace realizar::tensor {

using backend::AlignedBuffer;

namespace {

/// Chunks of a power of two of tokens would all stand in the same few sets of a cache, so one token in so
/// many is only room.
constexpr int64_t tokens_of_pad = 64;
int64_t stride_of(int64_t n_tokens) {
  return n_tokens % tokens_of_pad == 0 ? n_tokens + n_tokens / tokens_of_pad : n_tokens;
}

}  // namespace

ProductInput::Quantized::Quantized(int64_t room, int block, int code_bytes)
    : codes(static_cast<size_t>(room * code_bytes)),
      d(static_cast<size_t>(room / block) * sizeof(float)),
      half_sums(block == 32 && code_bytes == 1 ? static_cast<size_t>(room / 16) * sizeof(int16_t) : 0),
      minus_sums(block == 32 && code_bytes == 1 ? static_cast<size_t>(room / 32) * sizeof(float) : 0),
      group_sums(block == 256 ? static_cast<size_t>(room / 256) * sizeof(kernels::GroupSums) : 0) {
  view = {code_bytes == 1 ? codes.as<int8_t>().data() : nullptr,
          code_bytes == 2 ? codes.as<int16_t>().data() : nullptr,
          d.as<float>().data(),
          half_sums.as<int16_t>().data(),
          minus_sums.as<float>().data(),
          group_sums.as<kernels::GroupSums>().data(),
          0};
}

ProductInput::ProductInput(int64_t capacity)
    : capacity_(capacity),
      rows_(static_cast<size_t>(capacity) * sizeof(float)),
      by32_(capacity + capacity / tokens_of_pad, 32, 1),
      by256_(capacity + capacity / tokens_of_pad, 256, 1),
      int16_(capacity + capacity / tokens_of_pad, 32, 2) {}

size_t ProductInput::bytes() const {
  size_t total = rows_.size();
  for (const Quantized* q : {&by32_, &by256_, &int16_})
    total +=
        q->codes.size() + q->d.size() + q->half_sums.size() + q->minus_sums.size() + q->group_sums.size();
  return total;
}

void ProductInput::reset(int64_t n_tokens, int64_t n_cols, const InputForms& forms) {
  require(n_tokens >= 0 && n_cols > 0 && n_tokens * n_cols <= capacity_, ErrorKind::internal,
          "a product's input of ", n_tokens, " tokens of ", n_cols, " columns exceeds its room of ",
          capacity_);
  require(
      (!(forms.quantized32 || forms.int16) || n_cols % 32 == 0) && (!forms.quantized256 || n_cols % 256 == 0),
      ErrorKind::internal, "rows of ", n_cols, " columns do not fill the blocks they are quantised in");
  n_tokens_ = n_tokens;
  n_cols_ = n_cols;
  forms_ = forms;
  by32_.view.stride = by256_.view.stride = int16_.view.stride = stride_of(n_tokens);
}

void ProductInput::fill(int64_t token, std::span<const float> x) {
  require(static_cast<int64_t>(x.size()) == n_cols_ && token >= 0 && token < n_tokens_,
          ErrorKind::invalid_argument, "a row of ", x.size(), " numbers for token ", token,
          " where the product takes ", n_tokens_, " rows of ", n_cols_);
  if (forms_.floats) std::memcpy(row(token).data(), x.data(), x.size_bytes());
  quantize(token, x.data());
}

void ProductInput::quantize(int64_t token, const float* x) {
  const kernels::KernelTable& table = kernels::kernels();
  if (forms_.quantized32) table.quantize(x, n_cols_, 32, by32_.view, token);
  if (forms_.int16) table.quantize_int16(x, n_cols_, int16_.view, token);
  if (forms_.quantized256) table.quantize(x, n_cols_, 256, by256_.view, token);
}

}  // namespace realizar::tensor
