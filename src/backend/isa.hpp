#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/isa_list.hpp"

namespace realizar::backend {

/// The instruction sets that kernels are written for (isa_list.hpp); of a family, slowest first.
enum class Isa {
  scalar,
#define REALIZAR_SET(name, ...) name,
  REALIZAR_ALL_SETS(REALIZAR_SET)
#undef REALIZAR_SET
};
inline constexpr Isa all_isas[] = {Isa::scalar,
#define REALIZAR_SET(name, ...) Isa::name,
                                   REALIZAR_ALL_SETS(REALIZAR_SET)
#undef REALIZAR_SET
};

/// Those that kernels are compiled for here: of this family of processors.
inline constexpr Isa built_isas[] = {Isa::scalar,
#define REALIZAR_SET(name, ...) Isa::name,
                                     REALIZAR_SETS_HERE(REALIZAR_SET)
#undef REALIZAR_SET
};

/// The name as the enumeration and REALIZAR_ISA have it.
const char* to_string(Isa isa);

/// Whether a set rounds as all others do, so that results have the same bits: all but `wasm_unfused`.
constexpr bool keeps_bits(Isa isa) { return isa != Isa::wasm_unfused; }

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
