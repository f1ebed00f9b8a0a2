#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fusion/device.hpp"
#include "gpu/gpu_buffer_pool.hpp"
#include "gpu/webgpu/kernel_cache.hpp"
#include "gpu/webgpu/recording.hpp"

namespace realizar::gpu {

/// Chooses tokens by rows of logits on a GPU: the candidates that rank first of every 1024 logits, of these
/// again the first of every 1024, and so on; among those that stay at last, by `choose_token.wgsl`.
class TokenChooser {
 public:
  static constexpr int most_candidates = 256;

  /// For up to `max_rows` rows. Throws out_of_memory.
  TokenChooser(const webgpu::Device& device, GpuBufferPool& pool, webgpu::KernelCache& kernels, int n_vocab,
               int max_rows);

  /// How many candidates of a row have to stay: the least that kernels are made for; 0 where none is chosen.
  static int kept_for(std::span<const fusion::TokenChoice> choices);

  /// Makes room for candidates. Says whether that took other buffers, which kernels recorded before do not
  /// know. Throws out_of_memory.
  bool reserve(int64_t n_rows, int kept);

  /// Sends how the tokens of the next batch are chosen.
  void send(std::span<const fusion::TokenChoice> choices);

  /// Appends the kernels that choose a token for each of `n_rows` rows of logits.
  void record(webgpu::Recording& recording, const webgpu::Binding& logits, int64_t n_rows, int kept);

  /// (max_rows) of i32, as BatchResult::tokens: what was chosen last.
  webgpu::Binding tokens() const { return tokens_.binding(); }
  uint64_t bytes() const;

 private:
  /// Candidates of a row, so many of every 1024 of which are kept.
  static int64_t n_left(int64_t n, int kept);
  const webgpu::Kernel& kernel(const char* name, const std::string& constants,
                               std::vector<webgpu::Access> bindings, uint32_t argument_bytes);

  const webgpu::Device& device_;
  GpuBufferPool& pool_;
  webgpu::KernelCache& kernels_;
  int64_t n_vocab_;
  GpuBuffer choices_, tokens_;
  GpuBuffer candidates_[2];  // the second of what stays of the first, and so on in turns
};

}  // namespace realizar::gpu
