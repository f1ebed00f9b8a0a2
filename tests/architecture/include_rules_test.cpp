#include "architecture/include_rules.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace realizar::architecture {
namespace {

namespace fs = std::filesystem;

bool is_source(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".hpp" || extension == ".cpp" || extension == ".h" || extension == ".inc";
}

TEST(Architecture, EveryIncludeFollowsAnArrowOfTheTable) {
  const fs::path root = REALIZAR_SOURCE_DIR;
  int files = 0;
  for (const char* const folder : {"src", "include"}) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
      if (!entry.is_regular_file() || !is_source(entry.path())) continue;
      ++files;
      std::ifstream stream(entry.path());
      const std::string text{std::istreambuf_iterator<char>(stream), {}};
      const std::string file = entry.path().lexically_relative(root).generic_string();
      for (const Include& include : includes_of(file, text)) {
        const auto broken = broken_rule(include);
        EXPECT_FALSE(broken) << file << ":" << include.line << ": " << *broken;
      }
    }
  }
  EXPECT_GT(files, 10) << "the sources are not under " << root;
}

bool allowed(const std::string& file, const std::string& line) {
  const auto includes = includes_of(file, line);
  EXPECT_EQ(includes.size(), 1u) << line;
  return !broken_rule(includes.at(0));
}

TEST(Architecture, LayersReachDownOnly) {
  EXPECT_TRUE(allowed("src/kernels/a.cpp", "#include \"backend/isa.hpp\""));
  EXPECT_TRUE(allowed("src/model/a.cpp", "#include \"base/error.hpp\""));
  EXPECT_TRUE(allowed("src/model/b/a.cpp", "#  include \"kernels/formats.hpp\"  // why"));
  EXPECT_FALSE(allowed("src/kernels/a.cpp", "#include \"tensor/matrix.hpp\""));
  EXPECT_FALSE(allowed("src/text/a.cpp", "#include \"formats/gguf.hpp\""));
  EXPECT_FALSE(allowed("src/fusion/a.cpp", "#include \"formats/gguf.hpp\""));
  EXPECT_FALSE(allowed("src/odd/a.cpp", "#include <vector>"));
  EXPECT_FALSE(allowed("src/kernels/a.cpp", "#include \"formats.hpp\""));
}

TEST(Architecture, ProgramsSeeThePublicApiOnly) {
  EXPECT_TRUE(allowed("src/cli/a.cpp", "#include \"realizar/transformer.hpp\""));
  EXPECT_FALSE(allowed("src/cli/a.cpp", "#include \"model/sampler.hpp\""));
  EXPECT_TRUE(allowed("src/cli/a.cpp", "#include \"server/http_server.hpp\""));
  EXPECT_FALSE(allowed("src/cli/a.cpp", "#include <boost/asio/io_context.hpp>"));
  EXPECT_FALSE(allowed("src/server/a.cpp", "#include \"cli/files.hpp\""));
  EXPECT_FALSE(allowed("src/model/a.cpp", "#include \"realizar/transformer.hpp\""));
  EXPECT_TRUE(allowed("src/model/a.cpp", "#include \"realizar/error.hpp\""));
  EXPECT_TRUE(allowed("src/model/a.cpp", "#include \"realizar/generation.hpp\""));
  EXPECT_FALSE(allowed("src/fusion/a.cpp", "#include \"realizar/generation.hpp\""));
  EXPECT_TRUE(allowed("src/gpu/a.cpp", "#include \"realizar/devices.hpp\""));
  EXPECT_TRUE(allowed("src/api/a.cpp", "#include \"gpu/list_gpus.hpp\""));
  EXPECT_FALSE(allowed("src/model/a.cpp", "#include \"gpu/list_gpus.hpp\""));
}

TEST(Architecture, PublicHeadersStandAlone) {
  EXPECT_TRUE(allowed("include/realizar/a.hpp", "#include <vector>"));
  EXPECT_TRUE(allowed("include/realizar/a.hpp", "#include \"realizar/error.hpp\""));
  for (const char* const header :
       {"<nlohmann/json.hpp>", "<webgpu/webgpu.h>", "<httplib.h>", "<cuda_runtime.h>", "<sys/mman.h>",
        "\"model/sampler.hpp\"", "<realizar/error.hpp>"})
    EXPECT_FALSE(allowed("include/realizar/a.hpp", std::string("#include ") + header)) << header;
}

TEST(Architecture, OnlyTheBackendAsksTheSystem) {
  for (const char* const header : {"<unistd.h>", "<sys/mman.h>", "<cpuid.h>", "<sched.h>"}) {
    EXPECT_FALSE(allowed("src/model/a.cpp", std::string("#include ") + header)) << header;
    EXPECT_TRUE(allowed("src/backend/a.cpp", std::string("#include ") + header)) << header;
  }
  EXPECT_TRUE(allowed("src/kernels/a.cpp", "#include <immintrin.h>"));
  EXPECT_FALSE(allowed("src/fusion/a.cpp", "#include <immintrin.h>"));
  EXPECT_TRUE(allowed("src/gpu/webgpu/a.cpp", "#include <webgpu/wgpu.h>"));
  EXPECT_FALSE(allowed("src/api/a.cpp", "#include <webgpu/wgpu.h>"));
  EXPECT_FALSE(allowed("src/gpu/webgpu/a.cpp", "#include <dlfcn.h>"));
  EXPECT_TRUE(allowed("src/text/a.cpp", "#include <pcre2.h>"));
  EXPECT_FALSE(allowed("src/model/a.cpp", "#include <pcre2.h>"));
  EXPECT_FALSE(allowed("src/model/a.cpp", "#include <nlohmann/json.hpp>"));
}

}  // namespace
}  // namespace realizar::architecture
