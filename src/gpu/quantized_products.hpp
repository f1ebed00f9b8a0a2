#pragma once

#include <cstdint>
#include <memory>
#include <optional>

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

/// An RMS norm whose factor is applied when its result is quantised, as late_norm.wgsl has it.
struct LateNorm {
  bool has_weight;
  uint32_t weight_at;  // in the vectors of the epilogue
  float inverse_width, epsilon;

  struct Arguments {
    uint32_t weight_at;
    float inverse_width, epsilon;
  };
  Arguments arguments() const { return {weight_at, inverse_width, epsilon}; }
};

/// Where kernels keep the peaks of one token's numbers, the greatest magnitude of every 256: the product that
/// takes the numbers quantises them with these, without a kernel for it. Zeros ahead of what keeps them.
struct Peaks {
  webgpu::Binding buffer{};  // none: no peaks
  uint32_t at = 0;
  std::optional<uint32_t> weights_at{};  // of the numbers times these, among the vectors of the epilogue

  /// The text ahead of a kernel with so many buffers, behind which `buffer` comes, and its arguments.
  std::string text(int n_buffers) const;
};

/// One token's numbers, among those that the product goes to, and their peaks, with the weights of a norm
/// ahead of the product where it has one.
struct PeakedNumbers {
  uint32_t at;
  int64_t n_cols;
  Peaks peaks;
  std::optional<LateNorm> norm{};
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
  /// when columns, blocks or heads differ. `peaks` are kept of the results of one token with one matrix in
  /// one part.
  void multiply(webgpu::Recording& recording, const GpuTokens& tokens, const GpuMatrix& weights,
                const webgpu::Binding& numbers, View out, const ProductEpilogue& epilogue = {},
                const MatrixChoice& choice = {}, const Peaks& peaks = {});

  /// The same of one token that stands among `numbers` in f32. The peaks that it takes and those that it
  /// keeps are in different buffers.
  void multiply(webgpu::Recording& recording, const PeakedNumbers& x, const GpuMatrix& weights,
                const webgpu::Binding& numbers, View out, const ProductEpilogue& epilogue = {},
                const MatrixChoice& choice = {}, const Peaks& peaks = {});
  /// Whether it is done for such weights, behind a norm or not.
  bool takes_numbers(const GpuMatrix& weights, bool is_normed = false) const;
  /// Whether kernels of so many buffers can keep peaks.
  bool keeps_peaks(int n_buffers) const;

 private:
  struct Tile;
  struct OneTokenTile;
  /// What a product takes: tokens in int8, or one in f32 with its peaks.
  struct Input {
    int64_t n_tokens = 1;
    bool own_inputs = false;
    webgpu::Binding codes{}, chunks{};
    bool is_f32 = false;
    uint32_t at = 0, peaks_at = 0;
    std::optional<LateNorm> norm{};
  };
  /// Stretches of the steps of a row: on one GPU by the shape of the weights alone, since the order of sums
  /// depends on it. As many as a workgroup has lines for, of as nearly as can be the same length.
  int splits_of(int64_t n_steps) const;
  Tile tile_of(const GpuMatrix& weights, int64_t n_tokens, const MatrixChoice& choice) const;
  std::optional<OneTokenTile> one_token_tile(const GpuMatrix& weights, const MatrixChoice& choice,
                                             const Input& input) const;
  void multiply(webgpu::Recording& recording, const Input& input, const GpuMatrix& weights,
                const webgpu::Binding& numbers, View out, const ProductEpilogue& epilogue,
                const MatrixChoice& choice, const Peaks& peaks);

  /// What a kernel is made for, beside its tile.
  struct KernelKind {
    const GpuMatrix& weights;
    const ProductEpilogue& epilogue;
    const MatrixChoice& choice;
    const Input& input;
    const Peaks& peaks;

    std::string key() const;
    std::vector<webgpu::Access> bindings() const;
  };
  /// product_sums.wgsl, and what stands ahead of it.
  std::string sums_text(const KernelKind& kind) const;
  const webgpu::Kernel& product_kernel(const KernelKind& kind, const Tile& tile);
  const webgpu::Kernel& one_token_kernel(const KernelKind& kind, const OneTokenTile& tile);

  std::shared_ptr<const webgpu::Device> device_;
  GpuBufferPool& pool_;
  bool has_integer_dot_;
  webgpu::KernelCache kernels_;
};

}  // namespace realizar::gpu
