#pragma once

#include <cctype>
#include <string>

namespace realizar::test {

/// `text` as the name of a test's argument, which has letters, digits and underscores only.
inline std::string test_name(std::string text) {
  for (char& c : text)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return text;
}

// What INSTANTIATE_TEST_SUITE_P calls: the names of arguments that have one, and of files without their
// extensions.
inline constexpr auto by_name = [](const auto& info) { return test_name(info.param.name); };
inline constexpr auto by_stem = [](const auto& info) { return test_name(info.param.stem().string()); };

}  // namespace realizar::test
