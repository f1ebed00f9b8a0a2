#include "gpu/plan/batch_recording.hpp"

#include <utility>

#include "gpu/webgpu/kernel_sources.hpp"

namespace realizar::gpu {

const webgpu::Kernel& BatchRecording::kernel(const std::string& key, const char* name,
                                             const std::string& constants,
                                             std::initializer_list<const char*> texts,
                                             std::vector<webgpu::Access> bindings, size_t argument_bytes,
                                             std::initializer_list<webgpu::Count> counts) const {
  std::string text;
  return memory.kernels.get(key, [&] {
    text = constants;
    for (const char* each : texts) text += webgpu::kernel_source(each);
    text += webgpu::unrolled(webgpu::kernel_source(name), counts);
    return webgpu::KernelSource{.name = name,
                                .source = text,
                                .bindings = std::move(bindings),
                                .argument_bytes = static_cast<uint32_t>(argument_bytes)};
  });
}

}  // namespace realizar::gpu
