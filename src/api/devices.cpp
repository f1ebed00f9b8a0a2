#include "realizar/devices.hpp"

#include "gpu/list_gpus.hpp"

namespace realizar {

const char* to_string(GpuType type) {
  switch (type) {
    case GpuType::discrete:
      return "discrete";
    case GpuType::integrated:
      return "integrated";
    case GpuType::software:
      return "software";
    case GpuType::unknown:
      break;
  }
  return "unknown";
}

GpuList list_gpus() { return gpu::list_gpus(); }

}  // namespace realizar
