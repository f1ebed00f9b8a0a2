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

}  // namespace realizar
