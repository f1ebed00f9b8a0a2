#include "formats/gguf.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "formats/gguf_writer.hpp"
#include "formats/raw_gguf.hpp"

namespace realizar::formats {
namespace {

std::vector<std::byte> small_file() {
  GgufWriter writer;
  writer.set("text", "abc");
  writer.set("count", uint64_t{12});
  writer.set("negative", int8_t{-1});
  writer.set("large", uint64_t{1} << 40);
  writer.set("ratio", 0.25);
  writer.set("flag", true);
  writer.set_array("counts", std::vector<uint16_t>{4, 2});
  writer.set_array("names", std::vector<std::string>{"a", "bc"});
  writer.add_tensor("first", {4, 2}, {0, 1, 2, 3, 4, 5, 6, 7});
  writer.add_tensor("second", TensorType::i8, {5}, std::vector(5, std::byte{9}));
  return writer.bytes();
}

template <class Call>
void expect_refused(Call call, const std::string& sentence) {
  try {
    call();
    ADD_FAILURE() << "no error that says " << sentence;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_file);
    EXPECT_EQ(std::string(error.what()).find(sentence), 0u) << error.what();
  }
}

TEST(Gguf, IntegersConvertWhereTheyFit) {
  const std::vector<std::byte> bytes = small_file();
  const Gguf gguf(bytes, "m.gguf");
  EXPECT_EQ(gguf.get_u32("count"), 12u);
  EXPECT_EQ(gguf.get<int8_t>("count"), 12);
  EXPECT_EQ(gguf.get_i64_or("negative", 7), -1);
  EXPECT_EQ(gguf.get_f32("ratio"), 0.25f);
  expect_refused([&] { gguf.get_u32("negative"); },
                 "m.gguf: key 'negative' at offset 76 holds -1; a value from 0 to 4294967295 is needed");
  expect_refused([&] { gguf.get_u32("large"); },
                 "m.gguf: key 'large' at offset 97 holds 1099511627776; a value");
}

TEST(Gguf, AMissingKeyTakesTheDefaultOrIsAnErrorThatNamesIt) {
  const std::vector<std::byte> bytes = small_file();
  const Gguf gguf(bytes, "m.gguf");
  EXPECT_EQ(gguf.find("absent"), nullptr);
  EXPECT_EQ(gguf.get_u32_or("absent", 5), 5u);
  EXPECT_EQ(gguf.get_f32_or("absent", 0.5f), 0.5f);
  EXPECT_TRUE(gguf.get_bool_or("absent", true));
  EXPECT_EQ(gguf.get_string_or("absent", "x"), "x");
  EXPECT_TRUE(gguf.get_array_or_empty<float>("absent").empty());
  expect_refused([&] { gguf.get_string("absent"); }, "m.gguf: key 'absent' is missing");
}

TEST(Gguf, AnotherTypeThanTheKeyNeedsIsAnErrorEvenWithADefault) {
  const std::vector<std::byte> bytes = small_file();
  const Gguf gguf(bytes, "m.gguf");
  expect_refused([&] { gguf.get_u32_or("text", 1); },
                 "m.gguf: key 'text' at offset 24 is of type string; an integer is needed");
  expect_refused([&] { gguf.get_u32("ratio"); },
                 "m.gguf: key 'ratio' at offset 122 is of type f64; an integer");
  expect_refused([&] { gguf.get_u32("flag"); },
                 "m.gguf: key 'flag' at offset 147 is of type bool; an integer");
  expect_refused([&] { gguf.get_bool_or("count", true); },
                 "m.gguf: key 'count' at offset 51 is of type u64; a bool");
  expect_refused([&] { gguf.get_f32("count"); }, "m.gguf: key 'count' at offset 51 is of type u64; a float");
  expect_refused([&] { gguf.get_string("count"); },
                 "m.gguf: key 'count' at offset 51 is of type u64; a string");
  expect_refused([&] { gguf.get_u32("counts"); },
                 "m.gguf: key 'counts' at offset 164 is an array; an integer");
  expect_refused([&] { gguf.get_array<int>("count"); },
                 "m.gguf: key 'count' at offset 51 is of type u64; an array");
  expect_refused([&] { gguf.get_array<int>("names"); },
                 "m.gguf: key 'names' at offset 198 is of type string array; an integer array is needed");
  expect_refused([&] { gguf.get_array<std::string_view>("counts"); },
                 "m.gguf: key 'counts' at offset 164 is of type u16 array; a string array is needed");
}

TEST(Gguf, OneValueOrOnePerLayer) {
  const std::vector<std::byte> bytes = small_file();
  const Gguf gguf(bytes, "m.gguf");
  EXPECT_EQ(gguf.get_repeated<uint32_t>("counts", 2), (std::vector<uint32_t>{4, 2}));
  EXPECT_EQ(gguf.get_repeated<uint32_t>("count", 3), (std::vector<uint32_t>{12, 12, 12}));
  expect_refused([&] { gguf.get_repeated<uint32_t>("counts", 3); },
                 "m.gguf: key 'counts' at offset 164 has 2 elements; 3 are needed");
}

TEST(Gguf, TensorsAreFoundByName) {
  const std::vector<std::byte> bytes = small_file();
  const Gguf gguf(bytes, "m.gguf");
  ASSERT_NE(gguf.find_tensor("second"), nullptr);
  EXPECT_EQ(gguf.find_tensor("second"), &gguf.tensors()[1]);
  EXPECT_EQ(gguf.find_tensor("third"), nullptr);
  EXPECT_EQ(gguf.where(*gguf.find_tensor("first")), "m.gguf: tensor 'first' at offset 246");
  EXPECT_EQ(gguf.find_tensor("second")->data.data(), bytes.data() + gguf.find_tensor("second")->offset);
}

TEST(Gguf, Version2IsReadLikeVersion3) {
  std::vector<std::byte> bytes = small_file();
  bytes[4] = std::byte{2};
  const Gguf gguf(bytes);
  EXPECT_EQ(gguf.version(), 2u);
  EXPECT_EQ(gguf.get_u32("count"), 12u);
}

// Files that hold only a vocabulary may end where their last key ends.
TEST(Gguf, AFileWithoutTensorsNeedsNoPadding) {
  const test::RawGguf file = test::RawGguf().header(0, 1).key("k", GgufType::string).put_string("value");
  EXPECT_EQ(Gguf(file.bytes()).get_string("k"), "value");
}

TEST(Gguf, AFileCutShortAnywhereIsRefused) {
  const std::vector<std::byte> whole = small_file();
  const uint64_t last = Gguf(whole).tensors().back().offset + 5;
  for (size_t size = 0; size < last; ++size) {
    // A copy of exactly that size, so that a sanitizer sees every read beyond it.
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    try {
      const Gguf gguf(cut);
      ADD_FAILURE() << "accepted with " << size << " of " << whole.size() << " bytes";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_file) << error.what();
      EXPECT_NE(std::string(error.what()).find("offset"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace realizar::formats
