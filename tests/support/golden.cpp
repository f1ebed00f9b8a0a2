#include "support/golden.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <sstream>

namespace realizar::test {

std::optional<std::filesystem::path> golden_folder() {
  const char* chosen = std::getenv("REALIZAR_GOLDEN_DIR");
  const std::filesystem::path folder =
      chosen != nullptr ? chosen
                        : std::filesystem::path(REALIZAR_SOURCE_DIR).parent_path() / "shared" / "golden";
  if (!std::filesystem::is_directory(folder)) return std::nullopt;
  return folder;
}

std::vector<std::filesystem::path> gguf_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code missing;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, missing))
    if (entry.path().extension() == ".gguf") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::filesystem::path> golden_models(const char* part) {
  const auto golden = golden_folder();
  return golden ? gguf_files(*golden / part) : std::vector<std::filesystem::path>();
}

std::map<std::string, double> peer_nmse() {
  std::map<std::string, double> figures;
  const auto golden = golden_folder();
  if (!golden) return figures;
  std::ifstream in(*golden / "quant" / "peer_nmse.json");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  std::replace_if(
      text.begin(), text.end(), [](char c) { return std::strchr("{}:,", c) != nullptr; }, ' ');
  std::istringstream words(text);
  std::string name;
  for (double figure = 0; words >> std::quoted(name) >> figure;) figures[name] = figure;
  return figures;
}

}  // namespace realizar::test
