#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace realizar::text::jinja {

/// int(text, base) of Python, base 0 for a literal's own prefix; nothing when it is no number or needs over
/// 64 bits.
std::optional<std::int64_t> parse_integer(std::string_view text, int base);

/// float(text) of Python, or nothing.
std::optional<double> parse_float(std::string_view text);

/// repr(number) of Python: the shortest digits that read back as the same number.
std::string format_float(double number);

/// round(number, places) of Python: half to even on the exact value.
double round_to(double number, std::int64_t places);

}  // namespace realizar::text::jinja
