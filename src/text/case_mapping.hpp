#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace realizar::text {

/// The first code point of the lower case of `code_point`, itself where there is none.
std::uint32_t to_lower(std::uint32_t code_point);

// The case conversions of Python's str, with the full Unicode mappings and the final sigma.
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_title(std::string_view text);
std::string capitalize(std::string_view text);
std::string swap_case(std::string_view text);
std::string fold_case(std::string_view text);

}  // namespace realizar::text
