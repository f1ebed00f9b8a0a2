#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

#include "base/error.hpp"
#include "gpu/plan/plan_memory.hpp"
#include "gpu/webgpu/recording.hpp"
#include "gpu/webgpu/unrolled.hpp"

namespace realizar::gpu {

/// A constant of WGSL.
template <class T>
std::string constant(const char* name, T value) {
  if constexpr (std::is_same_v<T, bool>)
    return concat("const ", name, " = ", value ? "true" : "false", ";\n");
  else
    return concat("const ", name, " = ", value, "u;\n");
}

/// The kernels of a batch, as far as they are recorded, and what those who record more need.
struct BatchRecording {
  const PlanMemory& memory;
  int64_t n_tokens;
  int64_t n_splits;  // of the positions that a token sees, at most, as attention_splits has it
  webgpu::Recording recorded;

  View view(const fusion::Slot& slot) const { return memory.buffers.view(slot); }
  webgpu::Binding activations() const { return memory.buffers.activations(); }

  /// Workgroups of 64 threads: a thread for each of `n` numbers of every token.
  webgpu::Workgroups threads(int64_t n) const {
    return {static_cast<uint32_t>((n + 63) / 64), static_cast<uint32_t>(n_tokens), 1};
  }

  /// kernels/NAME.wgsl, unrolled, behind constants and other texts; `key` is another for other texts.
  const webgpu::Kernel& kernel(const std::string& key, const char* name, const std::string& constants,
                               std::initializer_list<const char*> texts, std::vector<webgpu::Access> bindings,
                               size_t argument_bytes, std::initializer_list<webgpu::Count> counts = {}) const;
};

}  // namespace realizar::gpu
