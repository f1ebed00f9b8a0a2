#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace realizar::gpu::webgpu {

/// How often a repetition of a kernel's text stands there.
struct Count {
  std::string_view name;
  int value;
};

/// WGSL in which the lines between
///
///     #repeat t tokens
///     #end
///
/// stand as often as `tokens` counts, `#t` in them being 0, 1, ... in turn; `t` is one letter. Repetitions
/// may stand in each other. Kernels keep sums of several rows and tokens in registers, and compilers of
/// drivers put there what has a name, not what has an index. Throws internal for a count without a value and
/// a line without its other.
std::string unrolled(std::string_view text, std::initializer_list<Count> counts);

}  // namespace realizar::gpu::webgpu
