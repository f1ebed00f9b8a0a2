#pragma once

#include <span>
#include <string>
#include <vector>

#include "gpu/webgpu/functions.hpp"

namespace realizar::gpu::webgpu {

/// wgpu-native, opened at run time.
struct Library {
  std::string path;  // as it was opened
  Functions functions;
};

/// Where wgpu-native is looked for: the path in REALIZAR_WGPU_LIBRARY alone if that is set, else the user's
/// cache, where scripts/fetch_wgpu puts it, then the system's libraries.
std::vector<std::string> library_candidates();

/// Opens the first candidate that can be. Throws `Error`: io, with what was tried and what to do, when there
/// is none; unsupported when the library is older than the headers or lacks functions.
Library open_library(std::span<const std::string> candidates);

/// The library of `library_candidates()`, opened at the first call and kept until the process ends. Throws as
/// `open_library` does, and tries again at the next call.
const Library& library();

/// Its functions.
inline const Functions& wgpu() { return library().functions; }

}  // namespace realizar::gpu::webgpu
