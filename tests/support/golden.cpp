#include "support/golden.hpp"

#include <cstdlib>

namespace realizar::test {

std::optional<std::filesystem::path> golden_folder() {
  const char* chosen = std::getenv("REALIZAR_GOLDEN_DIR");
  const std::filesystem::path folder =
      chosen != nullptr ? chosen
                        : std::filesystem::path(REALIZAR_SOURCE_DIR).parent_path() / "shared" / "golden";
  if (!std::filesystem::is_directory(folder)) return std::nullopt;
  return folder;
}

}  // namespace realizar::test
