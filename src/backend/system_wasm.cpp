#include <emscripten/heap.h>
#include <emscripten/threading.h>
#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <limits>

#include "backend/system.hpp"

namespace realizar::backend::system {

// There are no pages: the memory of a module only grows, and what is freed serves again.
void* map_huge(size_t bytes) {
  constexpr size_t alignment = 64;
  if (bytes > std::numeric_limits<size_t>::max() - alignment) return nullptr;
  void* const data = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (data != nullptr) std::memset(data, 0, bytes);
  return data;
}

void unmap_huge(void* data, size_t) { std::free(data); }

Memory memory() {
  const auto size = static_cast<uint64_t>(emscripten_get_heap_size());
  const auto most = static_cast<uint64_t>(emscripten_get_heap_max());
  const auto used = static_cast<uint64_t>(mallinfo().uordblks);
  return {.total = most, .available = most - used, .resident = size, .peak_resident = size};
}

// How many processors there are is known, and nothing of them.
std::vector<int> usable_cpus() {
  std::vector<int> cpus(static_cast<size_t>(emscripten_num_logical_cores()));
  for (size_t i = 0; i < cpus.size(); ++i) cpus[i] = static_cast<int>(i);
  return cpus;
}

int physical_cores(const std::vector<int>& cpus) { return static_cast<int>(cpus.size()); }
double cpu_quota() { return 0; }
size_t cache_bytes(int) { return 0; }
std::string cpu_name() { return {}; }
int current_cpu() { return -1; }
uint64_t hardware_capabilities(int) { return 0; }
bool allow_tiles() { return false; }
void set_unset_variable(const char* name, const char* value) { setenv(name, value, /*overwrite=*/0); }
Affinity affinity() { return {}; }
bool set_affinity(const Affinity&) { return false; }
bool pin_to(int) { return false; }

}  // namespace realizar::backend::system
