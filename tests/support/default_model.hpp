#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>

namespace realizar::test {

/// Where scripts/fetch_model keeps the default model; nothing when it has not been fetched.
inline std::optional<std::filesystem::path> default_model() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::filesystem::path folder =
      cache && *cache ? std::filesystem::path(cache) : std::filesystem::path(home ? home : "") / ".cache";
  std::filesystem::path path = folder / "realizar" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf";
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

}  // namespace realizar::test

/// Skips the test, and says so, where the default model has not been fetched; else declares `model`, its
/// file.
#define REALIZAR_DEFAULT_MODEL_OR_SKIP(model)                                                          \
  const auto model##_or_nothing = ::realizar::test::default_model();                                   \
  if (!model##_or_nothing) GTEST_SKIP() << "no default model: scripts/fetch_model could not fetch it"; \
  const std::filesystem::path& model = *model##_or_nothing
