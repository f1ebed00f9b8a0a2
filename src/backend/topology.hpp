#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace realizar::backend {

/// The machine as this process may use it.
struct Topology {
  std::string cpu_name;    // may be empty
  int usable_cores = 1;    // logical processors, within the affinity mask and the control group's quota
  int physical_cores = 1;  // as many threads as do arithmetic without sharing a core, within the same limits
  // Bytes of one data cache of each level; usual sizes where the system does not say.
  size_t l1_bytes = 0, l2_bytes = 0, l3_bytes = 0;
  // How far ahead of a stream of reads software should ask for memory, in bytes; 0: the hardware does so by
  // itself.
  int64_t prefetch_bytes = 0;
};

/// Asked of the system at the first call.
const Topology& topology();

}  // namespace realizar::backend
