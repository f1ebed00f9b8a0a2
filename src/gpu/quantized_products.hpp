#pragma once

#include <cstdint>
#include <memory>

#include "gpu/gpu_buffer_pool.hpp"
#include "gpu/gpu_matrix.hpp"
#include "gpu/matrix_choice.hpp"
#include "gpu/product_epilogue.hpp"
#include "gpu/view.hpp"
#include "gpu/webgpu/kernel_cache.hpp"

namespace realizar::gpu {

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

  /// out (n_tokens, n_rows) of `numbers` = tokens @ weights^T, with what follows; of matrices by turns, the
  /// first are gates of the second, and of the epilogue the activation alone is used. Throws invalid_argument
  /// when columns, blocks or heads differ.
  void multiply(webgpu::Recording& recording, const GpuTokens& tokens, const GpuMatrix& weights,
                const webgpu::Binding& numbers, View out, const ProductEpilogue& epilogue = {},
                const MatrixChoice& choice = {});

 private:
  struct Tile;
  /// Stretches of the steps of a row: on one GPU by the shape of the weights alone, since the order of sums
  /// depends on it. As many as a workgroup has lines for, of as nearly as can be the same length.
  int splits_of(int64_t n_steps) const;
  Tile tile_of(const GpuMatrix& weights, int64_t n_tokens, const MatrixChoice& choice) const;
  const webgpu::Kernel& product_kernel(const GpuMatrix& weights, const Tile& tile,
                                       const ProductEpilogue& epilogue, const MatrixChoice& choice,
                                       bool own_inputs);

  std::shared_ptr<const webgpu::Device> device_;
  GpuBufferPool& pool_;
  bool has_integer_dot_;
  webgpu::KernelCache kernels_;
};

}  // namespace realizar::gpu
