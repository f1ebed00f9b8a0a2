#pragma once

#include <string>
#include <string_view>

#include "text/template/value.hpp"

namespace realizar::text::jinja {

/// First byte offset of `needle` at or after `from`, or npos; linear time whatever the texts are.
std::size_t find_text(std::string_view text, std::string_view needle, std::size_t from = 0);
/// Last byte offset of `needle`, or npos.
std::size_t find_text_last(std::string_view text, std::string_view needle);
/// How often `needle` occurs without overlap.
std::size_t count_text(std::string_view text, std::string_view needle);
/// The first `count` occurrences replaced (all when negative), as str.replace does.
std::string replace_text(std::string_view text, std::string_view needle, std::string_view with,
                         std::int64_t count);

/// The text of a value with & < > " ' written as HTML entities; a markup string stays as it is.
std::string escape_html(const Value& value);

/// \xhh, \uhhhh or \Uhhhhhhhh.
std::string escape_code_point(char32_t c);

}  // namespace realizar::text::jinja
