#include "formats/gguf_receiver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/error.hpp"
#include "formats/gguf_writer.hpp"
#include "support/equal.hpp"
#include "support/temporary_folder.hpp"

namespace realizar::formats {
namespace {

using testing::HasSubstr;

std::vector<std::byte> file_of(const GgufWriter& writer) {
  const test::TemporaryFolder folder;
  writer.write(folder.file("m.gguf"));
  std::ifstream in(folder.file("m.gguf"), std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

/// A file whose header is larger than the first try, so that it is parsed more than once.
std::vector<std::byte> file_of_a_long_header() {
  const std::string name(200'000, 'x');
  GgufWriter writer;
  writer.set("general.name", std::string_view(name));
  for (const char* tensor : {"a", "b", "c"})
    writer.add_tensor(tensor, {3}, {1.0f * static_cast<float>(tensor[0]), 2, 3});
  return file_of(writer);
}

GgufFile receive(std::span<const std::byte> bytes, size_t piece) {
  GgufReceiver receiver("m.gguf", bytes.size());
  for (size_t at = 0; at < bytes.size(); at += piece)
    receiver.append(bytes.subspan(at, std::min(piece, bytes.size() - at)));
  return std::move(receiver).finish();
}

template <class Action>
std::string error_of(const Action& action, ErrorKind kind) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(GgufReceiver, HasWhatTheFileHasHoweverItIsCut) {
  const std::vector<std::byte> bytes = file_of_a_long_header();
  const Gguf whole(bytes);
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{4096}, size_t{70'000}, bytes.size()}) {
    const GgufFile file = receive(bytes, piece);
    EXPECT_EQ(file.size(), bytes.size());
    EXPECT_EQ(file.gguf().get_string("general.name"), whole.get_string("general.name"));
    ASSERT_EQ(file.gguf().tensors().size(), whole.tensors().size());
    for (size_t i = 0; i < whole.tensors().size(); ++i) {
      const TensorInfo &got = file.gguf().tensors()[i], &expected = whole.tensors()[i];
      EXPECT_EQ(got.name, expected.name);
      EXPECT_TRUE(realizar::test::equal(got.data, expected.data)) << got.name << ", pieces of " << piece;
    }
  }
}

TEST(GgufReceiver, GivesATensorBackWhenAllOfItIsDropped) {
  const std::vector<std::byte> bytes = file_of_a_long_header();
  GgufFile file = receive(bytes, 4096);
  const auto data = file.gguf().tensors()[1].data;
  file.drop(data.first(4));
  EXPECT_TRUE(
      realizar::test::equal(data.first(4), Gguf(bytes).tensors()[1].data.first(4)));  // half: still there
  file.drop(data.subspan(4));
  EXPECT_TRUE(realizar::test::equal(file.gguf().tensors()[2].data, Gguf(bytes).tensors()[2].data));
}

TEST(GgufReceiver, RefusesAWrongHeaderBeforeTheRestComes) {
  std::vector<std::byte> bytes = file_of_a_long_header();
  bytes[0] = std::byte{'X'};
  GgufReceiver receiver("m.gguf", bytes.size() + 1'000'000'000);
  EXPECT_THAT(error_of([&] { receiver.append(bytes); }, ErrorKind::invalid_file), HasSubstr("no GGUF file"));
}

TEST(GgufReceiver, RefusesTooFewAndTooManyBytes) {
  const std::vector<std::byte> bytes = file_of_a_long_header();
  GgufReceiver short_one("m.gguf", bytes.size() + 1);
  short_one.append(bytes);
  EXPECT_THAT(error_of([&] { std::move(short_one).finish(); }, ErrorKind::invalid_file),
              HasSubstr("cut short"));
  GgufReceiver long_one("m.gguf", bytes.size() - 1);
  EXPECT_THAT(error_of([&] { long_one.append(bytes); }, ErrorKind::invalid_argument), HasSubstr("announced"));
  GgufReceiver none("m.gguf", 0);
  EXPECT_THAT(error_of([&] { std::move(none).finish(); }, ErrorKind::invalid_file),
              HasSubstr("no GGUF file"));
}

TEST(GgufReceiver, RefusesAPartOfASplitModel) {
  GgufWriter writer;
  writer.set("split.count", uint16_t{3});
  const std::vector<std::byte> bytes = file_of(writer);
  EXPECT_THAT(error_of([&] { receive(bytes, bytes.size()); }, ErrorKind::unsupported),
              HasSubstr("join them"));
}

}  // namespace
}  // namespace realizar::formats
