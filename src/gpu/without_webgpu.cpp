// What the layers above need of this one in a build that had no headers of WebGPU.
#include "gpu/list_gpus.hpp"

namespace realizar::gpu {

GpuList list_gpus() {
  GpuList list;
  list.problem = "this build has no GPU backend: run scripts/fetch_wgpu, then configure and build again";
  return list;
}

}  // namespace realizar::gpu
