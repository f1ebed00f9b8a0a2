#include "backend/mapped_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <utility>

#include "base/error.hpp"
#include "support/temporary_folder.hpp"

namespace realizar::backend {
namespace {

std::string write(const test::TemporaryFolder& folder, const char* name, const std::string& text) {
  std::ofstream(folder.file(name), std::ios::binary) << text;
  return folder.file(name);
}

std::string text(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST(MappedFile, ShowsTheBytesOfTheFile) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(text(MappedFile(write(folder, "a", "some bytes"))), "some bytes");
}

TEST(MappedFile, AnEmptyFileIsAnEmptySpan) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(MappedFile(write(folder, "a", "")).bytes().empty());
}

TEST(MappedFile, MovesWithoutCopying) {
  const test::TemporaryFolder folder;
  MappedFile first(write(folder, "a", "first"));
  const std::byte* address = first.bytes().data();
  MappedFile second(std::move(first));
  EXPECT_EQ(second.bytes().data(), address);
  MappedFile third(write(folder, "b", "third"));
  third = std::move(second);
  EXPECT_EQ(text(third), "first");
}

TEST(MappedFile, DroppedPagesAreReadAgain) {
  const test::TemporaryFolder folder;
  const std::string contents(100'000, 'x');
  const MappedFile file(write(folder, "a", contents));
  EXPECT_EQ(text(file), contents);
  file.drop(10, 50'000);
  file.drop(60'000, 1'000'000);
  file.drop(200'000, 1);
  EXPECT_EQ(text(file), contents);
}

TEST(MappedFile, AnythingButAReadableFileIsAnErrorThatNamesIt) {
  const test::TemporaryFolder folder;
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {folder.file("absent"), folder.file(""), pipe}) {
    try {
      MappedFile file(path);
      ADD_FAILURE() << path << " was mapped";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::io);
      EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace realizar::backend
