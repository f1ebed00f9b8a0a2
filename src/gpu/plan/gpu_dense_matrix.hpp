#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/gpu_buffer_pool.hpp"
#include "gpu/weight_sender.hpp"
#include "kernels/tensor_type.hpp"

namespace realizar::gpu {

/// Weights (n_rows, n_cols) in F32, F16 or BF16 on a GPU, row by row in units of 16 bytes, and in as many
/// parts as it takes for kernels to see each whole.
class GpuDenseMatrix {
 public:
  /// Sends the rows of a file; types that are none of the three become F32. Throws invalid_argument when the
  /// file has another size, out_of_memory.
  GpuDenseMatrix(WeightSender& sender, GpuBufferPool& pool, kernels::TensorType type,
                 std::span<const std::byte> file, int64_t n_rows, int64_t n_cols);

  static bool has(kernels::TensorType type);

  kernels::TensorType type() const { return type_; }
  /// The type as dense_number.wgsl counts.
  int number() const {
    return type_ == kernels::TensorType::f32 ? 0 : type_ == kernels::TensorType::f16 ? 1 : 2;
  }
  int64_t n_rows() const { return n_rows_; }
  int64_t n_cols() const { return n_cols_; }
  int64_t row_units() const { return row_units_; }
  /// On the GPU.
  uint64_t bytes() const;

  /// Rows that stand together in a buffer.
  struct Part {
    int64_t first_row, n_rows;
    GpuBuffer buffer;
  };
  const std::vector<Part>& parts() const { return parts_; }

 private:
  kernels::TensorType type_;
  int64_t n_rows_, n_cols_, row_units_;
  std::vector<Part> parts_;
};

}  // namespace realizar::gpu
