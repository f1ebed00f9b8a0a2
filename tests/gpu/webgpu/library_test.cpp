#include "gpu/webgpu/library.hpp"

#include <gtest/gtest.h>

#include "gpu/software_gpu.hpp"
#include "support/temporary_folder.hpp"

namespace realizar::gpu::webgpu {
namespace {

class EnvironmentVariable {
 public:
  EnvironmentVariable(const char* name, const std::string& value) : name_(name) {
    if (const char* const before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  ~EnvironmentVariable() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

TEST(Library, TheEnvironmentNamesTheOnlyCandidate) {
  const EnvironmentVariable named("REALIZAR_WGPU_LIBRARY", "/some/where.so");
  EXPECT_EQ(library_candidates(), std::vector<std::string>{"/some/where.so"});
}

TEST(Library, IsLookedForInTheCacheBeforeTheSystem) {
  const EnvironmentVariable unnamed("REALIZAR_WGPU_LIBRARY", ""), cache("XDG_CACHE_HOME", "/cache");
  const std::vector<std::string> candidates = library_candidates();
  ASSERT_EQ(candidates.size(), 2u);
  EXPECT_EQ(candidates[0].rfind("/cache/realizar/wgpu-native/", 0), 0u) << candidates[0];
  EXPECT_EQ(candidates[1].find('/'), std::string::npos) << candidates[1];
}

TEST(Library, WhereNoneIsTheErrorSaysWhatWasTriedAndWhatToDo) {
  const test::TemporaryFolder folder;
  const std::vector<std::string> candidates = {folder.file("a.so"), folder.file("b.so")};
  std::string message;
  EXPECT_EQ(thrown([&] { open_library(candidates); }, &message), ErrorKind::io);
  for (const std::string& part : {candidates[0], candidates[1], std::string("scripts/fetch_wgpu"),
                                  std::string("REALIZAR_WGPU_LIBRARY")})
    EXPECT_NE(message.find(part), std::string::npos) << message;
}

TEST(Library, AnotherLibraryIsNotTakenForIt) {
  const std::vector<std::string> candidates = {"libm.so.6"};
  std::string message;
  EXPECT_EQ(thrown([&] { open_library(candidates); }, &message), ErrorKind::unsupported);
  EXPECT_NE(message.find("libm.so.6 has no function"), std::string::npos) << message;
}

}  // namespace
}  // namespace realizar::gpu::webgpu
