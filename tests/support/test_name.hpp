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

}  // namespace realizar::test
