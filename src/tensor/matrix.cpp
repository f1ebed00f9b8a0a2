#include "tensor/matrix.hpp"

#include <array>

#include "backend/topology.hpp"
#include "base/error.hpp"
#include "kernels/dequantize.hpp"
#include "kernels/formats.hpp"

namespace realizar::tensor {

using namespace kernels;

namespace {

InputForms form_of(TensorType type, int64_t n_cols, Arithmetic arithmetic) {
  InputForms form;
  if (arithmetic == Arithmetic::exact)
    form.floats = true;
  else if (is_block_format(type))
    (activation_block(type) == 32 ? form.quantized32 : form.quantized256) = true;
  else
    (has_int16_form(type, n_cols) ? form.int16 : form.floats) = true;
  return form;
}

size_t bytes_of_panel(TensorType type, int64_t n_cols, const InputForms& form) {
  return form.int16 ? int16_panel_bytes(n_cols) : panel_bytes(type, n_cols);
}

}  // namespace

Matrix::Matrix(TensorType type, int64_t n_rows, int64_t n_cols, int64_t n_matrices,
               std::span<const std::byte> file, Arithmetic arithmetic, backend::ThreadPool& pool,
               std::span<std::byte> storage)
    : type_(is_product_type(type) ? type : TensorType::f32),
      n_rows_(n_rows),
      n_cols_(n_cols),
      n_matrices_(n_matrices),
      form_(form_of(type_, n_cols, arithmetic)) {
  require(n_rows > 0 && n_cols > 0 && n_matrices > 0 && n_cols % info(type).block == 0,
          ErrorKind::invalid_argument, n_matrices, " matrices of (", n_rows, ", ", n_cols,
          ") weights cannot be of type ", info(type).name);
  panels_per_matrix_ = (n_rows + panel_rows - 1) / panel_rows;
  panel_bytes_ = bytes_of_panel(type_, n_cols, form_);
  if (type_ == type) {
    pack(file, pool, storage);
  } else {
    const auto count = static_cast<size_t>(n_rows * n_cols * n_matrices);
    require(file.size() == count * static_cast<size_t>(info(type).bytes), ErrorKind::invalid_argument, count,
            " weights of type ", info(type).name, " do not have ", file.size(), " bytes");
    std::vector<float> values(count);
    dequantize(type, reinterpret_cast<const uint8_t*>(file.data()), count, values.data());
    pack(std::as_bytes(std::span(values)), pool, storage);
  }
  if (form_.floats)
    exact_ = kernels::kernels().exact[static_cast<int>(type_)];
  else
    fast_ = kernels::kernels().fast[static_cast<int>(type_)];
}

size_t Matrix::packed_bytes(TensorType type, int64_t n_rows, int64_t n_cols, int64_t n_matrices,
                            Arithmetic arithmetic) {
  const TensorType packed = is_product_type(type) ? type : TensorType::f32;
  return static_cast<size_t>((n_rows + panel_rows - 1) / panel_rows * n_matrices) *
         bytes_of_panel(packed, n_cols, form_of(packed, n_cols, arithmetic));
}

void Matrix::pack(std::span<const std::byte> file, backend::ThreadPool& pool, std::span<std::byte> storage) {
  const auto row_bytes = static_cast<size_t>(n_cols_ / info(type_).block * info(type_).bytes);
  require(file.size() == row_bytes * static_cast<size_t>(n_rows_ * n_matrices_), ErrorKind::invalid_argument,
          n_matrices_, " matrices of (", n_rows_, ", ", n_cols_, ") weights of type ", info(type_).name,
          " do not have ", file.size(), " bytes");
  const int64_t n_panels = panels_per_matrix_ * n_matrices_;
  bytes_ = static_cast<size_t>(n_panels) * panel_bytes_;
  if (storage.empty()) {
    own_ = backend::AlignedBuffer(bytes_, backend::Fill::none);
    storage = {own_.data(), bytes_};
  }
  require(storage.size() == bytes_, ErrorKind::invalid_argument, bytes_, " bytes of panels do not go into ",
          storage.size());
  panels_ = reinterpret_cast<uint8_t*>(storage.data());
  const auto pack_rows = form_.int16 ? pack_int16_panel : pack_panel;
  pool.parallel_for(n_panels, 8, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const int64_t row = p % panels_per_matrix_ * panel_rows;
      const int64_t first = p / panels_per_matrix_ * n_rows_ + row;
      pack_rows(type_, reinterpret_cast<const uint8_t*>(file.data()) + static_cast<size_t>(first) * row_bytes,
                row_bytes, static_cast<int>(std::min<int64_t>(panel_rows, n_rows_ - row)), n_cols_,
                panels_ + static_cast<size_t>(p) * panel_bytes_);
    }
  });
}

int64_t Matrix::panels_in_cache() const {
  const auto panels = static_cast<int64_t>(backend::topology().l2_bytes / 2 / panel_bytes_);
  return std::max<int64_t>(panels / max_tile_panels, 1) * max_tile_panels;
}

void Matrix::check(const ProductInput& x, const ProductPart& part) const {
  const bool has_form = x.forms().has(form_);
  const bool fits = x.n_cols() == n_cols_ && has_form && part.first_panel >= 0 && part.n_panels >= 0 &&
                    part.first_panel + part.n_panels <= panels_per_matrix_ * n_matrices_ &&
                    part.first_token >= 0 && part.n_tokens >= 0 &&
                    part.first_token + part.n_tokens <= x.n_tokens();
  require(fits, ErrorKind::invalid_argument, "a product of ", n_matrices_, " matrices of (", n_rows_, ", ",
          n_cols_, ") weights with ", x.n_tokens(), " tokens of ", x.n_cols(), " columns",
          has_form ? "" : ", which are not in the form that the weights take", ": panels from ",
          part.first_panel, ", ", part.n_panels, " of them, tokens from ", part.first_token, ", ",
          part.n_tokens, " of them");
}

void Matrix::check_tiles(const ProductPart& part, std::span<float> tiles) {
  require(part.n_tokens <= max_tile_tokens &&
              static_cast<int64_t>(tiles.size()) >= part.n_panels * part.n_tokens * panel_rows,
          ErrorKind::invalid_argument, "tiles of ", part.n_panels, " panels for ", part.n_tokens,
          " tokens do not fit ", tiles.size(), " numbers, or are more than ", max_tile_tokens, " tokens");
}

void Matrix::fill_tiles(const ProductInput& x, const ProductPart& part, float* tiles) const {
  const auto n = static_cast<int>(part.n_tokens);
  for (int64_t p = 0; p < part.n_panels; p += max_tile_panels, tiles += max_tile_panels * n * panel_rows) {
    const auto n_panels = static_cast<int>(std::min<int64_t>(max_tile_panels, part.n_panels - p));
    const uint8_t* weights = panel(part.first_panel + p);
    if (fast_)
      fast_(weights, n_panels, n_cols_, x.quantized(form_), part.first_token, n, tiles);
    else
      exact_(weights, n_panels, n_cols_, x.floats() + part.first_token * n_cols_, n_cols_, n, tiles);
  }
}

std::vector<float> Matrix::matmul(std::span<const float> x) const {
  const auto n_cols = static_cast<size_t>(n_cols_);
  require(n_matrices_ == 1 && !x.empty() && x.size() % n_cols == 0, ErrorKind::invalid_argument, x.size(),
          " numbers are no rows of ", n_cols, " for a matrix of (", n_rows_, ", ", n_cols, ")");
  const auto n_tokens = static_cast<int64_t>(x.size() / n_cols);
  ProductInput input(n_tokens * n_cols_);
  input.reset(n_tokens, n_cols_, forms());
  for (int64_t t = 0; t < n_tokens; ++t) input.fill(t, x.subspan(static_cast<size_t>(t) * n_cols, n_cols));
  std::vector<float> out(static_cast<size_t>(n_tokens * n_rows_));
  matmul(input, {0, panels_per_matrix_, 0, n_tokens},
         [&](int64_t row, int n_rows, int64_t first, int n, const float* tile) {
           for (int t = 0; t < n; ++t)
             std::copy_n(tile + t * panel_rows, n_rows, out.begin() + (first + t) * n_rows_ + row);
         });
  return out;
}

}  // namespace realizar::tensor
