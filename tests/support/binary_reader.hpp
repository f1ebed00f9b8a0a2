#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace realizar::test {

/// Reads little-endian numbers one after the other.
class BinaryReader {
 public:
  explicit BinaryReader(const std::filesystem::path& path) : path_(path), file_(path, std::ios::binary) {}

  template <class T>
  std::vector<T> read(size_t count) {
    std::vector<T> values(count);
    file_.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(T)));
    if (!file_) throw std::runtime_error("cannot read " + path_.string());
    return values;
  }

 private:
  std::filesystem::path path_;
  std::ifstream file_;
};

/// Logits that an engine computed: those that follow each of the tokens.
struct RecordedLogits {
  explicit RecordedLogits(const std::filesystem::path& path) {
    BinaryReader reader(path);
    const auto sizes = reader.read<int32_t>(2);
    tokens = reader.read<int32_t>(static_cast<size_t>(sizes[0]));
    logits = reader.read<float>(tokens.size() * static_cast<size_t>(sizes[1]));
  }

  std::vector<int32_t> tokens;
  std::vector<float> logits;
};

}  // namespace realizar::test
