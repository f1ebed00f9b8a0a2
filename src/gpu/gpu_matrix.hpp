#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/gpu_buffer_pool.hpp"
#include "gpu/webgpu/weight_layout.hpp"
#include "gpu/weight_sender.hpp"

namespace realizar::gpu {

/// Matrices of a file, of the same rows and columns one after the other.
struct MatrixRows {
  std::span<const std::byte> file;
  int64_t n_rows;  // of one of them
  int64_t n_matrices = 1;
};

/// How the matrices of several tensors stand.
enum class Arrangement {
  one_after_other,  ///< as one with the rows of all
  by_turns,         ///< a panel of the first, one of the second, and so on: the two have the same shape
};

/// Weights of a block format on a GPU, in the layout of `webgpu::WeightLayout`, and in as many parts as it
/// takes for kernels to see each whole. Every matrix begins with a panel of its own.
class GpuMatrix {
 public:
  /// Sends the rows of a file, of one tensor or more of the same columns. `plane_bytes` is the most that a
  /// plane of a part may take, where that is less than the GPU lets kernels see. Throws unsupported for a
  /// type without such a layout; invalid_argument when a file has another size, or where rows that others
  /// follow in the same matrix do not fill panels; out_of_memory.
  GpuMatrix(WeightSender& sender, GpuBufferPool& pool, kernels::TensorType type, int64_t n_cols,
            std::vector<MatrixRows> sources, Arrangement arrangement = Arrangement::one_after_other,
            uint64_t plane_bytes = ~uint64_t{0});

  kernels::TensorType type() const { return type_; }
  const webgpu::WeightLayout& layout() const { return layout_; }
  /// Of one matrix, or of the tensors that are one.
  int64_t n_rows() const { return n_rows_; }
  int64_t n_cols() const { return n_cols_; }
  bool by_turns() const { return arrangement_ == Arrangement::by_turns; }
  /// On the GPU.
  uint64_t bytes() const;

  /// Panels that stand together in a buffer, plane by plane; by turns, two count as one.
  struct Part {
    int64_t first_panel, n_panels;
    GpuBuffer buffer;
    webgpu::Binding wide, pairs, bits, scales;  // planes that the layout lacks: some other one
  };
  const std::vector<Part>& parts() const { return parts_; }

 private:
  /// Rows of a file that a panel is made of.
  struct PanelRows {
    const std::byte* rows;
    int64_t n_rows;
  };
  PanelRows rows_of(int64_t panel) const;
  void check_sources() const;

  kernels::TensorType type_;
  webgpu::WeightLayout layout_;
  int64_t n_cols_, n_rows_ = 0;
  std::vector<MatrixRows> sources_;  // while they are sent
  Arrangement arrangement_;
  std::vector<Part> parts_;
};

}  // namespace realizar::gpu
