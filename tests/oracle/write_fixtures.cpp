#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>

#include "fixtures/fixtures.hpp"

// write_fixtures FOLDER: for every fixture NAME.gguf, NAME.f32.gguf (the same weights as F32) and
// NAME.tokens. Prints the names of those whose logits are to be recorded.
namespace {

void write(const std::filesystem::path& path, const std::vector<std::byte>& bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.exceptions(std::ios::failbit | std::ios::badbit);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: write_fixtures FOLDER\n", stderr), 2;
  try {
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder);
    for (const realizar::test::Fixture& fixture : realizar::test::fixtures()) {
      write(folder / (fixture.name + ".gguf"), write_fixture(fixture));
      write(folder / (fixture.name + ".f32.gguf"), write_fixture(fixture, {.dequantised = true}));
      std::ofstream tokens(folder / (fixture.name + ".tokens"));
      for (const int32_t token : fixture_tokens(fixture)) tokens << token << '\n';
      if (fixture.recorded) std::puts(fixture.name.c_str());
    }
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "write_fixtures: %s\n", error.what()), 1;
  }
}
