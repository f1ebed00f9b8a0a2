#include "backend/isa.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "backend/system.hpp"
#include "base/error.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace realizar::backend {
namespace {

#if defined(__x86_64__)

enum Register { eax, ebx, ecx, edx };

struct Leaf {
  uint32_t registers[4] = {};
};

Leaf cpuid(uint32_t leaf, uint32_t subleaf) {
  Leaf result;
  uint32_t* const r = result.registers;
  if (__get_cpuid_count(leaf, subleaf, &r[eax], &r[ebx], &r[ecx], &r[edx]) == 0) return {};
  return result;
}

/// Parts of the register state that the operating system saves on a task switch (XCR0, Intel SDM volume
/// 1, 13.3).
constexpr uint64_t ymm_state = 0x06, zmm_state = 0xe6, tile_state = 0x60000;

uint64_t saved_state() {
  constexpr uint32_t osxsave = 1u << 27;
  if ((cpuid(1, 0).registers[ecx] & osxsave) == 0) return 0;
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const uint64_t saved = uint64_t{high} << 32 | low;
  // Tiles are large: the system saves them only for programs that have asked.
  const bool tiles = (saved & tile_state) == tile_state && system::allow_tiles();
  return tiles ? saved : saved & ~tile_state;
}

/// Where cpuid tells of a feature, and which state it needs saved (Intel SDM volume 2, CPUID).
struct Feature {
  const char* name;
  uint32_t leaf, subleaf;
  Register in;
  int bit;
  uint64_t state;
};

constexpr Feature features[] = {
    {"avx", 1, 0, ecx, 28, ymm_state},         {"fma", 1, 0, ecx, 12, ymm_state},
    {"f16c", 1, 0, ecx, 29, ymm_state},        {"avx2", 7, 0, ebx, 5, ymm_state},
    {"avx_vnni", 7, 1, eax, 4, ymm_state},     {"avx512f", 7, 0, ebx, 16, zmm_state},
    {"avx512dq", 7, 0, ebx, 17, zmm_state},    {"avx512bw", 7, 0, ebx, 30, zmm_state},
    {"avx512vl", 7, 0, ebx, 31, zmm_state},    {"avx512_vbmi", 7, 0, ecx, 1, zmm_state},
    {"avx512_vnni", 7, 0, ecx, 11, zmm_state}, {"avx512_bf16", 7, 1, eax, 5, zmm_state},
    {"avx512_fp16", 7, 0, edx, 23, zmm_state}, {"amx_bf16", 7, 0, edx, 22, tile_state},
    {"amx_tile", 7, 0, edx, 24, tile_state},   {"amx_int8", 7, 0, edx, 25, tile_state},
};

std::vector<std::string> detect_features() {
  const uint64_t saved = saved_state();
  std::vector<std::string> found;
  for (const Feature& feature : features) {
    const uint32_t bits = cpuid(feature.leaf, feature.subleaf).registers[feature.in];
    if ((bits >> feature.bit & 1) != 0 && (saved & feature.state) == feature.state)
      found.push_back(feature.name);
  }
  return found;
}

#elif defined(__aarch64__)

/// Where the system tells of a feature (Documentation/arch/arm64/elf_hwcaps.rst of Linux).
struct Feature {
  const char* name;
  int word, bit;
};

constexpr Feature features[] = {{"asimd", 0, 1}, {"dotprod", 0, 20}, {"i8mm", 1, 13}};

std::vector<std::string> detect_features() {
  std::vector<std::string> found;
  for (const Feature& feature : features)
    if ((system::hardware_capabilities(feature.word) >> feature.bit & 1) != 0) found.push_back(feature.name);
  return found;
}

#elif defined(__wasm__)

/// A module with vectors does not even load where there are none.
std::vector<std::string> detect_features() { return {"simd128"}; }

#else

std::vector<std::string> detect_features() { return {}; }

#endif

/// A set, the one it builds on, and the features it needs beyond those of that.
struct IsaRow {
  const char* name;
  Isa base;
  std::vector<std::string> features;
};

const IsaRow& row(Isa isa) {
  static const std::vector<IsaRow> rows = {{"scalar", Isa::scalar, {}},
#define REALIZAR_SET(name, base, ...) {#name, Isa::base, {__VA_ARGS__}},
                                           REALIZAR_ALL_SETS(REALIZAR_SET)
#undef REALIZAR_SET
  };
  return rows[static_cast<size_t>(isa)];
}

std::vector<Isa> detect_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : all_isas)
    if (lacking_features(isa, cpu_features()).empty()) isas.push_back(isa);
  return isas;
}

}  // namespace

const char* to_string(Isa isa) { return row(isa).name; }

const std::vector<Isa>& available_isas() {
  static const std::vector<Isa> isas = detect_isas();
  return isas;
}

std::vector<std::string> lacking_features(Isa isa, std::span<const std::string> present) {
  std::vector<std::string> lacking;
  if (isa != row(isa).base) lacking = lacking_features(row(isa).base, present);
  for (const std::string& name : row(isa).features)
    if (std::find(present.begin(), present.end(), name) == present.end()) lacking.push_back(name);
  return lacking;
}

Isa isa_by_name(std::string_view name, std::span<const Isa> available) {
  std::string list;
  for (const Isa isa : available) {
    if (name == to_string(isa)) return isa;
    list += concat(list.empty() ? "" : ", ", to_string(isa));
  }
  std::string problem = " names no instruction set";
  for (const Isa isa : all_isas) {
    if (name != to_string(isa)) continue;
    problem = " names an instruction set that this machine cannot run";
    std::string lacking;
    for (const std::string& feature : lacking_features(isa, cpu_features()))
      lacking += concat(lacking.empty() ? ", which lacks " : ", ", feature);
    problem += lacking;
  }
  fail(ErrorKind::invalid_argument, "REALIZAR_ISA=", name, problem, ": choose one of ", list,
       ", or leave it unset for the best");
}

Isa selected_isa() {
  static const Isa selected = [] {
    const char* const name = std::getenv("REALIZAR_ISA");
    if (name == nullptr || *name == '\0') return available_isas().back();
    return isa_by_name(name, available_isas());
  }();
  return selected;
}

std::vector<std::string> cpu_features() {
  static const std::vector<std::string> found = detect_features();
  return found;
}

}  // namespace realizar::backend
