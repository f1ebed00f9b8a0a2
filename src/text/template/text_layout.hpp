#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace realizar::text::jinja {

/// str.strip of Python; `characters` absent means white space.
enum class StripSide { both, left, right };
std::string strip_text(std::string_view text, const std::optional<std::string>& characters, StripSide side);

/// str.splitlines of Python.
std::vector<std::string> split_lines(std::string_view text, bool keep_ends = false);

/// Pads to `width` code points; the text stands at the start, the end, or (`^`) in the middle as str.center
/// puts it.
std::string pad_text(const std::string& text, std::int64_t width, char32_t fill, char alignment);

}  // namespace realizar::text::jinja
