#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What the engine asks of the operating system about memory, cores and threads: one implementation file a
/// system (system_linux.cpp). Nothing here throws: an answer that cannot be had is zero, empty, false or
/// null.
namespace realizar::backend::system {

inline constexpr size_t huge_page_bytes = size_t{2} << 20;

/// Whether memory comes in pages that go back to the system one by one. That of a WebAssembly module only
/// grows; what is freed serves again for what fits in its place.
#if defined(__wasm__)
inline constexpr bool has_pages = false;
#else
inline constexpr bool has_pages = true;
#endif

/// Zeroed memory of at least `bytes` at a multiple of `huge_page_bytes`, its whole huge pages advised as
/// such; where there are no pages, at a multiple of 64. Null when the system refuses.
void* map_huge(size_t bytes);

/// Gives back what `map_huge(bytes)` returned.
void unmap_huge(void* data, size_t bytes);

/// Bytes of memory; 0 where unknown.
struct Memory {
  uint64_t total = 0;      // of the machine, or the limit of this process's control group where that is lower
  uint64_t available = 0;  // that could be taken without swapping, within the same limit
  uint64_t resident = 0;   // of this process now
  uint64_t peak_resident = 0;  // of this process since it started
};

Memory memory();

/// The logical processors this thread may run on, first one of each physical core, then their siblings.
std::vector<int> usable_cpus();

/// How many different physical cores `cpus` stand on.
int physical_cores(const std::vector<int>& cpus);

/// Processors' worth of time the control group allows, 0 when there is no limit.
double cpu_quota();

/// Bytes of the data or unified cache of a level (1, 2, 3) of the first processor, 0 when there is none.
size_t cache_bytes(int level);

/// The name of the processor as the system gives it, may be empty.
std::string cpu_name();

/// The processor the calling thread runs on, -1 when unknown.
int current_cpu();

/// What the system says of the processor beyond its architecture, in bits that go by the architecture: word 0
/// or 1; 0 when unknown.
uint64_t hardware_capabilities(int word);

/// Asks for this process to use the tile registers of AMX; says whether it may.
bool allow_tiles();

/// Sets a variable of the environment where it has no value yet. Not while other threads read the
/// environment.
void set_unset_variable(const char* name, const char* value);

/// A thread's set of allowed processors, opaque.
struct Affinity {
  std::vector<std::byte> mask;
};

/// The calling thread's set; an empty mask when unknown.
Affinity affinity();

/// Puts back what `affinity()` returned.
bool set_affinity(const Affinity& saved);

/// Ties the calling thread to one processor.
bool pin_to(int cpu);

}  // namespace realizar::backend::system
