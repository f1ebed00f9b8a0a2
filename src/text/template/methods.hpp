#pragma once

#include "text/template/objects.hpp"

namespace realizar::text::jinja {

/// The attribute `name` that Python's type of `value` has: a method bound to it, or an undefined value for
/// the methods that change a list or a dict, which the sandbox forbids.
std::optional<Value> find_method(const Value& value, const std::string& name);

/// str.strip of Python; `characters` absent means white space.
enum class StripSide { both, left, right };
std::string strip_text(std::string_view text, const std::optional<std::string>& characters, StripSide side);

/// str.splitlines of Python.
std::vector<std::string> split_lines(std::string_view text, bool keep_ends = false);

/// Pads to `width` code points; the text stands at the start, the end, or (`^`) in the middle as str.center
/// puts it.
std::string pad_text(const std::string& text, std::int64_t width, char32_t fill, char alignment);

}  // namespace realizar::text::jinja
