#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace realizar::text::jinja {

inline constexpr std::int64_t max_precision = 400, max_width = 100'000;

/// One conversion, in the terms of Python's format specification.
struct Specification {
  char32_t fill = ' ';
  char alignment = '\0';  ///< < > ^ =
  char sign = '-';
  bool alternate = false;
  char grouping = '\0';
  std::int64_t width = 0;
  std::optional<std::int64_t> precision;
  char type = '\0';
};

/// Fails when a width or precision is above the limit.
std::int64_t checked(std::int64_t value, std::int64_t limit);

std::string format_integer(std::int64_t value, const Specification& spec);
std::string format_double(double value, const Specification& spec);
std::string format_text(const std::string& text, const Specification& spec);

}  // namespace realizar::text::jinja
