#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gpu/gpu_buffer_pool.hpp"
#include "gpu/matrix_choice.hpp"
#include "gpu/product_epilogue.hpp"
#include "gpu/view.hpp"
#include "gpu/webgpu/kernel_cache.hpp"
#include "gpu/webgpu/weight_layout.hpp"

namespace realizar::gpu {

/// Weights (n_rows, n_cols), or several such matrices one after the other, of a block format on a GPU, in the
/// layout of `webgpu::WeightLayout`, and in as many parts as it takes for kernels to see each whole.
class GpuMatrix {
 public:
  /// Sends the rows of a file. `plane_bytes` is the most that a plane of a part may take, where that is less
  /// than the GPU lets kernels see. Throws unsupported for a type without such a layout, invalid_argument
  /// when the file has another size, out_of_memory.
  GpuMatrix(const webgpu::Device& device, GpuBufferPool& pool, kernels::TensorType type,
            std::span<const std::byte> file, int64_t n_rows, int64_t n_cols,
            uint64_t plane_bytes = ~uint64_t{0});

  kernels::TensorType type() const { return type_; }
  const webgpu::WeightLayout& layout() const { return layout_; }
  int64_t n_rows() const { return n_rows_; }
  int64_t n_cols() const { return n_cols_; }
  /// On the GPU.
  uint64_t bytes() const;

  /// Rows that stand together in a buffer, plane by plane.
  struct Part {
    int64_t first_row, n_rows;
    GpuBuffer buffer;
    webgpu::Binding wide, pairs, bits, meta;  // planes that the layout lacks: some other one
  };
  const std::vector<Part>& parts() const { return parts_; }

 private:
  kernels::TensorType type_;
  webgpu::WeightLayout layout_;
  int64_t n_rows_, n_cols_;
  std::vector<Part> parts_;
};

/// Tokens in int8, in blocks of 32 or 256 columns as the weights have them.
struct GpuTokens {
  int64_t n_tokens, n_cols;
  int block;
  GpuBuffer codes, chunks;  // as product.wgsl has them
  int n_heads = 1;          // inputs of every token
};

/// Products of tokens with quantised weights, all on the GPU: *fast* arithmetic, integers inside a block. A
/// number has the same bits on one GPU whatever stands beside it in the batch.
class QuantizedProducts {
 public:
  enum class IntegerDot { where_there, plain };

  /// `plain` does without packed_4x8_integer_dot_product where the GPU has it.
  QuantizedProducts(std::shared_ptr<const webgpu::Device> device, GpuBufferPool& pool,
                    IntegerDot integer_dot = IntegerDot::where_there);

  /// Room for tokens that another kernel quantises.
  GpuTokens room(int64_t n_tokens, int64_t n_cols, int block, int n_heads = 1);

  /// Tokens from x (n_tokens, heads, n_cols) of `numbers`. Throws invalid_argument for a block other than 32
  /// and 256.
  GpuTokens quantize(webgpu::Recording& recording, const webgpu::Binding& numbers, View x, int64_t n_tokens,
                     int64_t n_cols, int block, Heads heads = {});

  /// out (n_tokens, n_rows) of `numbers` = tokens @ weights^T, with what follows. Throws invalid_argument
  /// when columns, blocks or heads differ.
  void multiply(webgpu::Recording& recording, const GpuTokens& tokens, const GpuMatrix& weights,
                const webgpu::Binding& numbers, View out, const ProductEpilogue& epilogue = {},
                const MatrixChoice& choice = {});

 private:
  const webgpu::Kernel& product_kernel(const GpuMatrix& weights, int tokens, const ProductEpilogue& epilogue,
                                       const MatrixChoice& choice, bool own_inputs);

  std::shared_ptr<const webgpu::Device> device_;
  GpuBufferPool& pool_;
  bool has_integer_dot_;
  webgpu::KernelCache kernels_;
};

}  // namespace realizar::gpu
