#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace realizar {

/// How quantised weights meet activations.
enum class Arithmetic {
  fast,   ///< activations quantised to int8 a block, integer dot products
  exact,  ///< f32 activations, weights dequantised in registers
};

/// How the cache stores keys and values.
enum class KvType { f16, f32, q8_0 };

/// Where a model computes.
enum class DeviceChoice {
  automatic,  ///< a real GPU, or the one that is named, where that can run the model, else the CPU
  cpu,
  gpu,
};

/// What a model is loaded for.
struct LoadOptions {
  DeviceChoice device = DeviceChoice::cpu;
  /// Which GPU: "auto", "software" (the processor plays GPU), or (part of) a name as `list_gpus` has it.
  std::string gpu = "auto";
  /// Of the layers the last so many run on the GPU, with the output matrix, the others on the CPU. -1: as
  /// many as its memory has room for.
  int n_gpu_layers = -1;
  uint64_t gpu_memory_limit = 0;  ///< bytes that the GPU may be asked for; 0: all that it has
  int n_threads = 0;              ///< 0: one a physical core
  Arithmetic arithmetic = Arithmetic::fast;
  KvType kv_type = KvType::f16;
  /// Positions of the longest sequence; 0: what the model was trained for, at most 8192. A file that does not
  /// say for how many needs it.
  int n_context = 0;
  int n_streams = 1;           ///< sequences of n_context positions that the cache must hold at once
  int max_batch_tokens = 512;  ///< tokens of one pass over the weights
  /// Called while the weights are read, with bytes done and bytes in all; it may throw to end the loading.
  std::function<void(uint64_t done, uint64_t total)> progress;
  /// Called once when a model does not run where it was to: when `automatic` found a GPU that cannot run it,
  /// or when the GPU has room for some layers only. Says where it runs, and why.
  std::function<void(const std::string& message)> on_fallback;
};

}  // namespace realizar
