#include "gpu/webgpu/library.hpp"

#include <cstdlib>

#include "backend/shared_library.hpp"
#include "base/error.hpp"

namespace realizar::gpu::webgpu {
namespace {

constexpr const char* variable = "REALIZAR_WGPU_LIBRARY";
constexpr unsigned needed_version = REALIZAR_WGPU_VERSION;

#if defined(_WIN32)
constexpr const char* file_name = "wgpu_native.dll";
#elif defined(__APPLE__)
constexpr const char* file_name = "libwgpu_native.dylib";
#else
constexpr const char* file_name = "libwgpu_native.so";
#endif

/// The value of an environment variable, empty when it is not set.
std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

template <class Pointer>
void find(const backend::SharedLibrary& library, const std::string& path, const char* name,
          Pointer& pointer) {
  pointer = reinterpret_cast<Pointer>(library.find(name));
  require(pointer, ErrorKind::unsupported, "the library ", path, " has no function ", name,
          ": it is no wgpu-native ", needed_version, "; scripts/fetch_wgpu fetches one");
}

Library load(const backend::SharedLibrary& file, const std::string& path) {
  Library library{path, {}};
#define REALIZAR_WGPU_FIND(name) find(file, path, "wgpu" #name, library.functions.name);
  REALIZAR_WGPU_FUNCTIONS(REALIZAR_WGPU_FIND)
#undef REALIZAR_WGPU_FIND
  const unsigned version = library.functions.GetVersion() >> 24;
  require(version >= needed_version, ErrorKind::unsupported, "the library ", path, " is wgpu-native ",
          version, ", and realizar needs ", needed_version, " or newer; scripts/fetch_wgpu fetches one");
  return library;
}

}  // namespace

std::vector<std::string> library_candidates() {
  if (const std::string named = environment(variable); !named.empty()) return {named};
  std::vector<std::string> candidates;
  std::string cache = environment("XDG_CACHE_HOME");
  if (const std::string home = environment("HOME"); cache.empty() && !home.empty()) cache = home + "/.cache";
  if (!cache.empty())
    candidates.push_back(concat(cache, "/realizar/wgpu-native/", needed_version, "/", file_name));
  candidates.push_back(file_name);
  return candidates;
}

Library open_library(std::span<const std::string> candidates) {
  std::string tried;
  for (const std::string& path : candidates) {
    try {
      return load(backend::SharedLibrary(path), path);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::io) throw;
      tried += concat("\n  ", error.what());
    }
  }
  fail(ErrorKind::io, "a GPU needs the library wgpu-native ", needed_version,
       ", which was not found. scripts/fetch_wgpu fetches it; the environment variable ", variable,
       " names one that stands elsewhere.", tried);
}

const Library& library() {
  static const Library opened = open_library(library_candidates());
  return opened;
}

}  // namespace realizar::gpu::webgpu
