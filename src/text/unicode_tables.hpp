#pragma once

#include <cstddef>
#include <cstdint>

namespace realizar::text {

/// first, first + step, ..., last: the lower case of each is `delta` away.
struct LowercaseRange {
  std::uint32_t first, last;
  std::int32_t step, delta;
};

/// The canonical decomposition of each of first..last begins with `base`.
struct BaseRange {
  std::uint32_t first, last, base;
};

/// Ascending; each entry is `first code point << 3 | Category`, and holds up to the next entry.
extern const std::uint32_t category_ranges[];
extern const std::size_t category_ranges_size;

extern const LowercaseRange lowercase_ranges[];
extern const std::size_t lowercase_ranges_size;

extern const BaseRange base_ranges[];
extern const std::size_t base_ranges_size;

}  // namespace realizar::text
