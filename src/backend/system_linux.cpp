#include <sched.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "backend/system.hpp"
#include "base/text.hpp"

namespace realizar::backend::system {
namespace {

size_t page_bytes() {
  static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

size_t round_up(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

/// The first word of a file, if it opens and has one.
std::optional<std::string> first_word(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  if (!(file >> word)) return std::nullopt;
  return word;
}

std::optional<uint64_t> first_number(const std::string& path) {
  std::ifstream file(path);
  uint64_t value = 0;
  if (!(file >> value)) return std::nullopt;
  return value;
}

/// The value of a line "name: value kB" of /proc/meminfo or /proc/self/status in bytes, 0 when absent.
uint64_t kilobytes_line(const char* path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, name.size(), name) != 0 || line.size() <= name.size() || line[name.size()] != ':')
      continue;
    return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10) * 1024;
  }
  return 0;
}

/// The folders of this process's control group and its ancestors, innermost first: those of a version 1
/// controller, or those of version 2 when `controller` is empty. Containers often mount only their own group
/// as the root, so the path the kernel names may not exist; the root always stands last.
std::vector<std::string> group_folders(const std::string& controller) {
  std::string root = "/sys/fs/cgroup", path = "/";
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // number:controller,controller:path
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = concat(",", line.substr(first + 1, second - first - 1), ",");
    if (names.find(concat(",", controller, ",")) != std::string::npos) path = line.substr(second + 1);
  }
  if (!controller.empty()) root += "/" + controller;
  std::vector<std::string> folders;
  while (path.size() > 1) {
    folders.push_back(root + path);
    path.resize(path.rfind('/'));
  }
  folders.push_back(root);
  return folders;
}

struct GroupMemory {
  uint64_t limit, used;
};

/// The tightest memory limit of the control groups, if any.
std::optional<GroupMemory> group_memory() {
  constexpr struct {
    const char *controller, *limit, *used;
  } versions[] = {{"", "/memory.max", "/memory.current"},
                  {"memory", "/memory.limit_in_bytes", "/memory.usage_in_bytes"}};
  std::optional<GroupMemory> tightest;
  for (const auto& version : versions) {
    for (const std::string& folder : group_folders(version.controller)) {
      const auto limit = first_number(folder + version.limit);  // the word "max" is no number
      const auto used = first_number(folder + version.used);
      if (limit && used && (!tightest || *limit < tightest->limit)) tightest = GroupMemory{*limit, *used};
    }
  }
  return tightest;
}

std::string cpu_folder(int cpu) { return concat("/sys/devices/system/cpu/cpu", cpu); }

/// What names the physical core of a processor: package and core; the processor itself where the system does
/// not say.
std::pair<int, int> core_of(int cpu) {
  const auto package = first_number(cpu_folder(cpu) + "/topology/physical_package_id");
  const auto core = first_number(cpu_folder(cpu) + "/topology/core_id");
  if (!package || !core) return {-1, cpu};
  return {static_cast<int>(*package), static_cast<int>(*core)};
}

}  // namespace

void* map_huge(size_t bytes) {
  if (bytes > std::numeric_limits<size_t>::max() - 2 * huge_page_bytes) return nullptr;
  // mmap aligns to small pages only: ask for a huge page more and give back what sticks out on both sides.
  const size_t size = round_up(bytes, page_bytes());
  void* mapped =
      mmap(nullptr, size + huge_page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* const raw = static_cast<std::byte*>(mapped);
  const size_t head =
      round_up(reinterpret_cast<uintptr_t>(raw), huge_page_bytes) - reinterpret_cast<uintptr_t>(raw);
  if (head > 0) munmap(raw, head);
  if (head < huge_page_bytes) munmap(raw + head + size, huge_page_bytes - head);
  // Only whole huge pages: the tail would take up to 2 MiB for a few bytes.
  madvise(raw + head, size / huge_page_bytes * huge_page_bytes, MADV_HUGEPAGE);
  return raw + head;
}

void unmap_huge(void* data, size_t bytes) { munmap(data, round_up(bytes, page_bytes())); }

Memory memory() {
  Memory result;
  result.total = kilobytes_line("/proc/meminfo", "MemTotal");
  result.available = kilobytes_line("/proc/meminfo", "MemAvailable");
  if (const auto group = group_memory()) {
    if (result.total == 0 || group->limit < result.total) result.total = group->limit;
    const uint64_t left = group->limit > group->used ? group->limit - group->used : 0;
    result.available = std::min(result.available, left);
  }
  result.resident = kilobytes_line("/proc/self/status", "VmRSS");
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0)
    result.peak_resident = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
  return result;
}

std::vector<int> usable_cpus() {
  const Affinity allowed = affinity();
  std::vector<std::vector<int>> by_sibling;  // [i]: the i-th processor of each core
  std::map<std::pair<int, int>, size_t> siblings;
  for (size_t cpu = 0; cpu < allowed.mask.size() * 8; ++cpu) {
    if (!CPU_ISSET_S(cpu, allowed.mask.size(), reinterpret_cast<const cpu_set_t*>(allowed.mask.data())))
      continue;
    const size_t sibling = siblings[core_of(static_cast<int>(cpu))]++;
    if (by_sibling.size() <= sibling) by_sibling.resize(sibling + 1);
    by_sibling[sibling].push_back(static_cast<int>(cpu));
  }
  std::vector<int> cpus;
  for (const auto& row : by_sibling) cpus.insert(cpus.end(), row.begin(), row.end());
  return cpus;
}

int physical_cores(const std::vector<int>& cpus) {
  std::map<std::pair<int, int>, int> cores;
  for (const int cpu : cpus) ++cores[core_of(cpu)];
  return static_cast<int>(cores.size());
}

double cpu_quota() {
  double quota = 0;
  const auto tighten = [&](double allowed) {
    if (allowed > 0 && (quota == 0 || allowed < quota)) quota = allowed;
  };
  for (const std::string& folder : group_folders("")) {
    std::ifstream file(folder + "/cpu.max");  // "max 100000" or "200000 100000"
    double micros = 0, period = 0;
    if (file >> micros >> period && period > 0) tighten(micros / period);
  }
  for (const std::string& folder : group_folders("cpu")) {
    std::ifstream micros_file(folder + "/cpu.cfs_quota_us"), period_file(folder + "/cpu.cfs_period_us");
    double micros = 0, period = 0;  // -1: no limit
    if (micros_file >> micros && period_file >> period && period > 0) tighten(micros / period);
  }
  return quota;
}

size_t cache_bytes(int level) {
  for (int index = 0;; ++index) {
    const std::string folder = concat(cpu_folder(0), "/cache/index", index);
    const auto its_level = first_number(folder + "/level");
    if (!its_level) return 0;
    const auto type = first_word(folder + "/type");
    const auto kilobytes = first_number(folder + "/size");  // "48K"
    if (*its_level == static_cast<uint64_t>(level) && type && *type != "Instruction" && kilobytes)
      return static_cast<size_t>(*kilobytes) * 1024;
  }
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, 10, "model name") != 0) continue;
    const size_t value = line.find_first_not_of(" \t:", 10);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

uint64_t hardware_capabilities(int word) { return getauxval(word == 0 ? AT_HWCAP : AT_HWCAP2); }

// Documentation/arch/x86/xstate.rst of the kernel; headers of Debian 12 lack the names.
bool allow_tiles() {
#if defined(__x86_64__)
  constexpr long request_permission = 0x1023, tile_data = 18;
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return false;
#endif
}

int current_cpu() { return sched_getcpu(); }

void set_unset_variable(const char* name, const char* value) { setenv(name, value, /*overwrite=*/0); }

Affinity affinity() {
  // The kernel refuses a mask shorter than its own, whose length it does not tell.
  for (size_t bytes = sizeof(cpu_set_t); bytes <= 64 * sizeof(cpu_set_t); bytes *= 2) {
    Affinity result{std::vector<std::byte>(bytes)};
    if (sched_getaffinity(0, bytes, reinterpret_cast<cpu_set_t*>(result.mask.data())) == 0) return result;
  }
  return {};
}

bool set_affinity(const Affinity& saved) {
  return sched_setaffinity(0, saved.mask.size(), reinterpret_cast<const cpu_set_t*>(saved.mask.data())) == 0;
}

bool pin_to(int cpu) {
  if (cpu < 0) return false;
  Affinity one{std::vector<std::byte>(round_up(static_cast<size_t>(cpu) / 8 + 1, sizeof(cpu_set_t)))};
  CPU_SET_S(static_cast<size_t>(cpu), one.mask.size(), reinterpret_cast<cpu_set_t*>(one.mask.data()));
  return set_affinity(one);
}

}  // namespace realizar::backend::system
