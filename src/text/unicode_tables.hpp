#pragma once

#include <cstdint>
#include <span>

// What scripts/unicode_tables.py writes. Every table is ascending.
namespace realizar::text {

struct CodePointRange {
  std::uint32_t first, last;
};

/// The code points first, first + step, ..., last, each of which maps to itself + delta. Runs of step 2 may
/// interleave.
struct CaseRun {
  std::uint32_t first, last, step;
  std::int32_t delta;
};

/// A code point that maps to up to three (0 fills the rest).
struct CaseExpansion {
  std::uint32_t from;
  std::uint32_t to[3];
};

/// The canonical decomposition of each of first..last begins with `base`.
struct BaseRange {
  std::uint32_t first, last, base;
};

/// Each entry is `first code point << 3 | Category`, and holds up to the next entry.
extern const std::span<const std::uint32_t> category_starts;

extern const std::span<const CodePointRange> decimal_ranges, digit_ranges, numeric_ranges, lowercase_ranges,
    uppercase_ranges, cased_ranges, case_ignorable_ranges;

extern const std::span<const CaseRun> upper_runs, lower_runs, title_runs, fold_runs;
extern const std::span<const CaseExpansion> upper_expansions, lower_expansions, title_expansions,
    fold_expansions;

extern const std::span<const BaseRange> base_ranges;

}  // namespace realizar::text
