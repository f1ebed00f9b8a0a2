#include "server/file_response.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "support/program.hpp"

namespace realizar::server {
namespace {

constexpr uint64_t size = 100;

void expect_part(const std::string& header, uint64_t offset, uint64_t n_bytes) {
  const ByteRange range = parse_range(header, size);
  EXPECT_EQ(range.kind, ByteRange::Kind::part) << header;
  EXPECT_EQ(range.offset, offset) << header;
  EXPECT_EQ(range.n_bytes, n_bytes) << header;
}

TEST(ParseRange, TakesFirstAndLastByte) {
  expect_part("bytes=0-0", 0, 1);
  expect_part("bytes=10-19", 10, 10);
  expect_part("bytes=90-", 90, 10);
  expect_part("bytes=-30", 70, 30);
}

TEST(ParseRange, EndsWithTheFileHoweverFarItReaches) {
  expect_part("bytes=50-1000", 50, 50);
  expect_part("bytes=50-99999999999999999999999999", 50, 50);
  expect_part("bytes=-1000", 0, 100);
}

TEST(ParseRange, NothingOfTheFileIsUnsatisfiable) {
  for (const char* const header :
       {"bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999999-"})
    EXPECT_EQ(parse_range(header, size).kind, ByteRange::Kind::unsatisfiable) << header;
  EXPECT_EQ(parse_range("bytes=0-", 0).kind, ByteRange::Kind::unsatisfiable);
  EXPECT_EQ(parse_range("bytes=-5", 0).kind, ByteRange::Kind::unsatisfiable);
}

TEST(ParseRange, WhatIsNotUnderstoodIsTheWholeFile) {
  for (const char* const header : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2",
                                   "bytes=1-2,4-5", "lines=1-2", "bytes=+1-2", "bytes=1--2", "bytes= 1 - 2"})
    EXPECT_EQ(parse_range(header, size).kind, ByteRange::Kind::whole) << header;
}

class FileResponse : public testing::Test {
 protected:
  FileResponse() { test::write_file(path_, "0123456789"); }

  Response respond(std::vector<std::pair<std::string, std::string>> headers) const {
    return file_response({.target = "/", .headers = std::move(headers)}, ServedFile::open(path_),
                         "text/plain");
  }

  static std::string header(const Response& response, const std::string& name) {
    return Request{.headers = response.headers}.header(name);
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_.file("digits");
};

TEST_F(FileResponse, HasTypeAndTag) {
  const Response response = respond({});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body_bytes(), 10u);
  EXPECT_EQ(header(response, "Content-Type"), "text/plain");
  EXPECT_FALSE(header(response, "ETag").empty());
}

TEST_F(FileResponse, IsNotSentAgainUntilItChanges) {
  const std::string tag = header(respond({}), "ETag");
  for (const std::string& list : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
    const Response response = respond({{"if-none-match", list}});
    EXPECT_EQ(response.status, 304) << list;
    EXPECT_EQ(response.body_bytes(), 0u);
    EXPECT_EQ(header(response, "ETag"), tag);
  }
  EXPECT_EQ(respond({{"if-none-match", "\"other\""}}).status, 200);
  test::write_file(path_, "9876543210x");
  EXPECT_EQ(respond({{"if-none-match", tag}}).status, 200);
}

TEST_F(FileResponse, SendsThePartThatIsAskedFor) {
  const Response response = respond({{"range", "bytes=2-4"}});
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(response.offset, 2u);
  EXPECT_EQ(response.body_bytes(), 3u);
  EXPECT_EQ(header(response, "Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(header(respond({{"range", "bytes=10-"}}), "Content-Range"), "bytes */10");
  EXPECT_EQ(respond({{"range", "bytes=10-"}}).status, 416);
}

TEST_F(FileResponse, SendsAllWhenThePartIsOfAnotherVersion) {
  const std::string tag = header(respond({}), "ETag");
  EXPECT_EQ(respond({{"range", "bytes=2-4"}, {"if-range", tag}}).status, 206);
  EXPECT_EQ(respond({{"range", "bytes=2-4"}, {"if-range", "\"other\""}}).status, 200);
}

TEST_F(FileResponse, OnlyRegularFilesAreServed) {
  EXPECT_EQ(ServedFile::open(folder_.file("")), nullptr);
  EXPECT_EQ(ServedFile::open(folder_.file("none")), nullptr);
  EXPECT_EQ(ServedFile::open("/dev/zero"), nullptr);
  const std::string pipe = folder_.file("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(ServedFile::open(pipe), nullptr);
}

TEST(MediaType, FollowsTheName) {
  EXPECT_EQ(media_type("a/realizar.mjs"), "text/javascript; charset=utf-8");
  EXPECT_EQ(media_type("realizar.wasm"), "application/wasm");
  EXPECT_EQ(media_type("manifest.webmanifest"), "application/manifest+json");
  EXPECT_EQ(media_type("model.gguf"), "application/octet-stream");
}

}  // namespace
}  // namespace realizar::server
