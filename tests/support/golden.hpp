#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace realizar::test {

/// The folder of golden data, which is no part of the project: $REALIZAR_GOLDEN_DIR, else shared/golden
/// beside the checkout. Nothing when there is neither; tests that need it then skip.
std::optional<std::filesystem::path> golden_folder();

/// The GGUF files below a folder, in the order of their names; none where there is no such folder.
std::vector<std::filesystem::path> gguf_files(const std::filesystem::path& folder);

/// The golden models of that part, "arch" or "quant"; none where there is no golden data.
std::vector<std::filesystem::path> golden_models(const char* part);

/// NMSE of an established engine's own int8 path on the models of "quant", by their names.
std::map<std::string, double> peer_nmse();

}  // namespace realizar::test

/// Skips the test, and says so, where there is no golden data; else declares `golden`, its folder.
#define REALIZAR_GOLDEN_OR_SKIP(golden)                                                \
  const auto golden##_or_nothing = ::realizar::test::golden_folder();                  \
  if (!golden##_or_nothing) GTEST_SKIP() << "no golden data: set REALIZAR_GOLDEN_DIR"; \
  const std::filesystem::path& golden = *golden##_or_nothing
