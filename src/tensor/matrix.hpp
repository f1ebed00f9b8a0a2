#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "backend/aligned_buffer.hpp"
#include "backend/thread_pool.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/tensor_type.hpp"
#include "tensor/product_input.hpp"

// The one checked door to the products: shapes are checked here, once a call; the kernels below check
// nothing.
namespace realizar::tensor {

/// Some of a matrix's rows for some of a product's tokens.
struct ProductPart {
  int64_t first_panel = 0, n_panels = 0;  // panels of 16 rows, counted over all matrices
  int64_t first_token = 0, n_tokens = 0;
};

/// How quantised weights meet activations.
enum class Arithmetic {
  fast,   ///< activations quantised a block, to int8 for quantised weights, integer dot products
  exact,  ///< f32 activations, weights dequantised in registers
};

/// Weights packed into panels of 16 rows: n_matrices matrices (experts or heads) of (n_rows, n_cols) each.
/// F32 has one arithmetic, the exact one: f32 FMAs in the order of the columns. So have F16 and BF16 with
/// rows that are not whole blocks of 32; otherwise they are integers of 14 bits in fast arithmetic, and so
/// are the activations that they meet.
class Matrix {
 public:
  Matrix() = default;
  /// Packs the rows of the file in parallel, into `storage` of packed_bytes() or, when that is empty, memory
  /// of its own; number types that have no products (integers, F64) become F32. Throws `invalid_argument`
  /// when `file` or `storage` does not have the size that type and shape say.
  Matrix(kernels::TensorType type, int64_t n_rows, int64_t n_cols, int64_t n_matrices,
         std::span<const std::byte> file, Arithmetic arithmetic, backend::ThreadPool& pool,
         std::span<std::byte> storage = {});

  int64_t n_rows() const { return n_rows_; }
  int64_t n_cols() const { return n_cols_; }
  int64_t n_matrices() const { return n_matrices_; }
  kernels::TensorType type() const { return type_; }
  /// Panels of one matrix.
  int64_t panels_per_matrix() const { return panels_per_matrix_; }
  size_t bytes() const { return bytes_; }
  /// Panels that half of a core's second cache holds, as many as a product takes at once or a multiple of it:
  /// what tile after tile of many tokens meets stays there.
  int64_t panels_in_cache() const;

  /// Bytes of such weights in panels, a multiple of 64.
  static size_t packed_bytes(kernels::TensorType type, int64_t n_rows, int64_t n_cols, int64_t n_matrices,
                             Arithmetic arithmetic);

  /// The form in which products take their input.
  const InputForms& forms() const { return form_; }

  /// x @ weights^T for a part: sink(row, n_rows, first_token, n_tokens, tile) gets tiles (n_tokens, 16) of
  /// results. Throws `invalid_argument` when shapes do not fit.
  template <class Sink>
  void matmul(const ProductInput& x, const ProductPart& part, Sink&& sink) const {
    check(x, part);
    for_each_tile(x, part, sink);
  }
  /// The same of at most `max_tile_tokens` tokens, put into tiles (n_panels, n_tokens, 16).
  void matmul_tiles(const ProductInput& x, const ProductPart& part, std::span<float> tiles) const {
    check(x, part);
    check_tiles(part, tiles);
    fill_tiles(x, part, tiles.data());
  }

  /// x (n_tokens, n_cols) @ weights^T, the whole of it: (n_tokens, n_rows). One matrix.
  std::vector<float> matmul(std::span<const float> x) const;

 private:
  void pack(std::span<const std::byte> file, backend::ThreadPool& pool, std::span<std::byte> storage);
  void check(const ProductInput& x, const ProductPart& part) const;
  static void check_tiles(const ProductPart& part, std::span<float> tiles);

  const uint8_t* panel(int64_t index) const { return panels_ + static_cast<size_t>(index) * panel_bytes_; }

  /// tiles (n_panels, n_tokens, 16) of a part with at most `max_tile_tokens` tokens.
  void fill_tiles(const ProductInput& x, const ProductPart& part, float* tiles) const;

  /// fill_tiles for some panels and tokens after the other, and for each panel sink(first row of the panel
  /// within its matrix, rows, first token, tokens, tile), a tile being (tokens, 16).
  template <class Sink>
  void for_each_tile(const ProductInput& x, const ProductPart& part, Sink&& sink) const {
    constexpr int max_panels = kernels::max_tile_panels;
    alignas(64) float tiles[max_panels * kernels::max_tile_tokens * kernels::panel_rows];
    for (int64_t done = 0; done < part.n_tokens; done += kernels::max_tile_tokens) {
      const int64_t first = part.first_token + done;
      const int n = static_cast<int>(std::min<int64_t>(kernels::max_tile_tokens, part.n_tokens - done));
      int64_t row = part.first_panel % panels_per_matrix_ * kernels::panel_rows;
      for (int64_t p = 0; p < part.n_panels; p += max_panels) {
        const int64_t n_panels = std::min<int64_t>(max_panels, part.n_panels - p);
        fill_tiles(x, {part.first_panel + p, n_panels, first, n}, tiles);
        for (int64_t i = 0; i < n_panels; ++i) {
          const int64_t rows_left = n_rows_ - row;
          sink(row, static_cast<int>(std::min<int64_t>(kernels::panel_rows, rows_left)), first, n,
               tiles + i * n * kernels::panel_rows);
          row = rows_left > kernels::panel_rows ? row + kernels::panel_rows : 0;
        }
      }
    }
  }

  kernels::TensorType type_ = kernels::TensorType::f32;
  int64_t n_rows_ = 0, n_cols_ = 0, n_matrices_ = 0, panels_per_matrix_ = 0;
  InputForms form_;
  size_t panel_bytes_ = 0;
  size_t bytes_ = 0;
  uint8_t* panels_ = nullptr;
  backend::AlignedBuffer own_;
  kernels::FastProduct fast_ = nullptr;
  kernels::ExactProduct exact_ = nullptr;
};

}  // namespace realizar::tensor
