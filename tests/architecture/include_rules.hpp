#pragma once

#include <optional>
#include <string>
#include <vector>

namespace realizar::architecture {

/// One #include of a file. Paths are relative to the project: "src/kernels/avx2.cpp".
struct Include {
  std::string file;
  int line;
  std::string header;  // between the quotes or angle brackets
  bool quoted;
};

/// The #includes of C++ source text.
std::vector<Include> includes_of(const std::string& file, const std::string& text);

/// Why an #include breaks the rules of docs/architecture.md; nothing when it keeps them.
std::optional<std::string> broken_rule(const Include& include);

}  // namespace realizar::architecture
