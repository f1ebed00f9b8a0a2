#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace realizar::backend {

/// The instruction sets that kernels are written for, slowest first.
enum class Isa {
  scalar,
  avx2,      ///< AVX2, FMA, F16C
  avx_vnni,  ///< AVX-VNNI, on top of avx2
  avx512,    ///< AVX-512 F, BW, VL, DQ and VNNI, on top of avx2
  amx,       ///< AMX with int8 tiles, on top of avx512
};
inline constexpr Isa all_isas[] = {Isa::scalar, Isa::avx2, Isa::avx_vnni, Isa::avx512, Isa::amx};

/// The name as the enumeration and REALIZAR_ISA have it.
const char* to_string(Isa isa);

/// What this processor and operating system can run, slowest first. Never empty: scalar always runs.
const std::vector<Isa>& available_isas();

/// What of the features that a set needs is not among `features`.
std::vector<std::string> lacking_features(Isa isa, std::span<const std::string> features);

/// The set named `name`; throws `invalid_argument`, listing `available`, when the name is unknown or not
/// among them.
Isa isa_by_name(std::string_view name, std::span<const Isa> available);

/// The set that kernels run with: the one REALIZAR_ISA names, else the best available. Chosen at the first
/// call; throws as `isa_by_name` does.
Isa selected_isa();

/// Names of the features of this processor that matter to kernels, usable or not by an `Isa`.
std::vector<std::string> cpu_features();

}  // namespace realizar::backend
