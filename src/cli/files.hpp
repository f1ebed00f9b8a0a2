#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// What the commands read and write. All throw `Error` of kind io.
namespace realizar::cli {

/// The bytes of a file, or of standard input for "-".
std::string read_all(const std::filesystem::path& path);

/// The decimal numbers, separated by white space, of a text. Throws invalid_argument, naming `source`, for
/// anything else.
std::vector<int32_t> parse_ids(std::string_view text, const std::string& source);

/// Writes to standard output and flushes.
void print(std::string_view text);

}  // namespace realizar::cli
