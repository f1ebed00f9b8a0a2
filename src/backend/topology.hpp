#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace realizar::backend {

/// What a stream of reads should ask memory for ahead of itself.
struct Prefetch {
  int64_t bytes = 0;  // how far ahead; 0: not at all, since the hardware does so by itself
  // Only the first quarter of each page of 4 KB, into the second cache: prefetchers of the hardware stop
  // where a page ends and then go on by themselves.
  bool page_starts = false;
};

/// The machine as this process may use it.
struct Topology {
  std::string cpu_name;    // may be empty
  int usable_cores = 1;    // logical processors, within the affinity mask and the control group's quota
  int physical_cores = 1;  // as many threads as do arithmetic without sharing a core, within the same limits
  // Bytes of one data cache of each level; usual sizes where the system does not say.
  size_t l1_bytes = 0, l2_bytes = 0, l3_bytes = 0;
  Prefetch prefetch;
};

/// Asked of the system at the first call.
const Topology& topology();

}  // namespace realizar::backend
