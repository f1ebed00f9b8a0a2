#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace realizar {

/// What a GPU's adapter is made of.
enum class GpuType {
  discrete,
  integrated,
  software,  ///< the processor plays GPU: for tests, never chosen by itself
  unknown,
};

/// The name of a type as it stands in the enumeration.
const char* to_string(GpuType type);

/// A GPU as one graphics interface shows it.
struct Gpu {
  std::string name;
  std::string vendor;
  std::string interface;  ///< "Vulkan", "Metal", "D3D12"
  std::string driver;     ///< name and version, as the driver gives them
  GpuType type = GpuType::unknown;

  uint64_t max_buffer_bytes = 0;   ///< of one buffer
  uint64_t max_binding_bytes = 0;  ///< of one buffer that a kernel sees; larger weights are split
  int max_workgroup_threads = 0;
  int workgroup_bytes = 0;  ///< memory that the threads of a workgroup share

  bool has_f16 = false;          ///< arithmetic in f16 (shader-f16)
  bool has_subgroups = false;    ///< operations across the threads of a subgroup
  int min_subgroup_threads = 0;  ///< 0: the interface does not tell
  int max_subgroup_threads = 0;
  bool has_timestamps = false;   ///< timestamp-query
  bool has_integer_dot = false;  ///< packed_4x8_integer_dot_product

  std::string problem;  ///< why realizar cannot use it; empty when it can
};

/// The GPUs of this machine.
struct GpuList {
  std::vector<Gpu> gpus;
  /// Index of the one that is taken where none is named: a real GPU that realizar can use, discrete before
  /// integrated. -1: there is none.
  int automatic = -1;
  std::string library;  ///< where wgpu-native was found
  std::string problem;  ///< why there can be no GPU, and what to do; empty when nothing is missing
};

/// Looks for GPUs. Throws nothing for a machine without: `problem` tells what is missing.
GpuList list_gpus();

/// How long an operation on numbers of the host takes on the CPU and on a GPU, sending and bringing back
/// included.
struct Crossover {
  std::string operation;  ///< "matmul", of a square matrix with as many tokens, "dot", or "activate"
  struct Size {
    int64_t n_numbers = 0;  ///< of the largest operand
    double cpu_seconds = 0, gpu_seconds = 0;
  };
  std::vector<Size> sizes;  ///< ascending

  /// The size from which on the GPU is faster at all that were measured; 0: it is not at the largest.
  int64_t n_numbers() const;
};

/// Where single operations are done soonest.
struct HybridReport {
  std::string gpu;        ///< its name
  int64_t threshold = 0;  ///< numbers from which on an operation goes to the GPU, unless told otherwise
  std::vector<Crossover> operations;
};

/// Times operations of growing size on `n_threads` (0: one a physical core) and on a GPU ("auto", "software",
/// or part of a name). Throws `Error` where there is no such GPU, as `GGUFTransformer::load` does.
HybridReport measure_crossovers(const std::string& gpu = "auto", int n_threads = 0);

}  // namespace realizar
