#include "formats/gguf_writer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <limits>
#include <map>
#include <set>

#include "base/error.hpp"
#include "formats/gguf.hpp"
#include "support/temporary_folder.hpp"

namespace realizar::formats {
namespace {

std::vector<std::byte> filled(size_t size, int value) { return std::vector(size, std::byte(value)); }

TEST(GgufWriter, WhatIsWrittenIsReadBack) {
  GgufWriter writer;
  writer.set("u8", uint8_t{200});
  writer.set("i8", int8_t{-100});
  writer.set("u16", uint16_t{60000});
  writer.set("i16", int16_t{-30000});
  writer.set("u32", uint32_t{4000000000});
  writer.set("i32", int32_t{-2000000000});
  writer.set("u64", std::numeric_limits<uint64_t>::max());
  writer.set("i64", std::numeric_limits<int64_t>::min());
  writer.set("f32", 1.5f);
  writer.set("f64", 0.1);
  writer.set("bool", true);
  writer.set("string", "text with \0 inside");
  writer.set_array("strings", std::vector<std::string>{"a", "", "ccc"});
  writer.set_array("floats", {0.5f, -1.0f});
  writer.set_array("bytes", std::vector<uint8_t>{1, 2, 255});
  writer.set_array("empty", std::vector<int32_t>{});
  writer.add_tensor("weights", {3, 2}, {1, 2, 3, 4, 5, 6});
  writer.add_tensor("blocks", TensorType::q4_0, {64, 2, 3}, filled(2 * 18 * 6, 7));
  const std::vector<std::byte> bytes = writer.bytes();
  const Gguf gguf(bytes);

  EXPECT_EQ(gguf.version(), 3u);
  EXPECT_EQ(gguf.alignment(), 32u);
  EXPECT_EQ(gguf.data_offset() % 32, 0u);
  EXPECT_EQ(gguf.get<uint8_t>("u8"), 200);
  EXPECT_EQ(gguf.get<int8_t>("i8"), -100);
  EXPECT_EQ(gguf.get<uint16_t>("u16"), 60000);
  EXPECT_EQ(gguf.get<int16_t>("i16"), -30000);
  EXPECT_EQ(gguf.get_u32("u32"), 4000000000);
  EXPECT_EQ(gguf.get<int32_t>("i32"), -2000000000);
  EXPECT_EQ(gguf.get<uint64_t>("u64"), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(gguf.get<int64_t>("i64"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(gguf.get_f32("f32"), 1.5f);
  EXPECT_EQ(gguf.get<double>("f64"), 0.1);
  EXPECT_TRUE(gguf.get<bool>("bool"));
  EXPECT_EQ(gguf.get_string("string"), "text with ");
  EXPECT_EQ(gguf.get_array<std::string_view>("strings"), (std::vector<std::string_view>{"a", "", "ccc"}));
  EXPECT_EQ(gguf.get_array<float>("floats"), (std::vector<float>{0.5f, -1.0f}));
  EXPECT_EQ(gguf.get_array<int>("bytes"), (std::vector<int>{1, 2, 255}));
  EXPECT_TRUE(gguf.get_array<int>("empty").empty());
  EXPECT_EQ(gguf.metadata().front().key, "u8");
  EXPECT_EQ(gguf.metadata().back().key, "empty");

  ASSERT_EQ(gguf.tensors().size(), 2u);
  const TensorInfo& weights = gguf.tensors()[0];
  EXPECT_EQ(weights.name, "weights");
  EXPECT_EQ(weights.type, TensorType::f32);
  EXPECT_EQ(weights.n_dims, 2u);
  EXPECT_EQ(weights.shape, (std::array<uint64_t, 4>{3, 2, 1, 1}));
  EXPECT_EQ(weights.n_bytes, 24u);
  EXPECT_EQ(load_value<float>(weights.data.data() + 20), 6.0f);
  const TensorInfo* blocks = gguf.find_tensor("blocks");
  ASSERT_NE(blocks, nullptr);
  EXPECT_EQ(blocks->n_bytes, 2u * 18 * 6);
  EXPECT_EQ(blocks->n_elements(), 64u * 6);
  EXPECT_EQ(blocks->n_rows(), 6u);
  EXPECT_EQ(blocks->offset % 32, 0u);
  EXPECT_EQ(blocks->data.back(), std::byte(7));
}

TEST(GgufWriter, KeepsTheAlignmentItWasGiven) {
  GgufWriter writer(256);
  writer.add_tensor("a", {3}, {1, 2, 3});
  writer.add_tensor("b", {3}, {4, 5, 6});
  const std::vector<std::byte> bytes = writer.bytes();
  const Gguf gguf(bytes);
  EXPECT_EQ(gguf.alignment(), 256u);
  EXPECT_EQ(gguf.tensors()[0].offset % 256, 0u);
  EXPECT_EQ(gguf.tensors()[1].offset, gguf.tensors()[0].offset + 256);
  EXPECT_THROW(GgufWriter(24), Error);
}

TEST(GgufWriter, RefusesWhatNoReaderWouldTake) {
  GgufWriter writer;
  writer.set("key", 1);
  EXPECT_THROW(writer.set("key", 2), Error);
  writer.add_tensor("a", {1}, {1});
  EXPECT_THROW(writer.add_tensor("a", {1}, {1}), Error);
  EXPECT_THROW(writer.add_tensor("b", {2}, {1}), Error);
  EXPECT_THROW(writer.add_tensor("c", TensorType::q8_0, {33}, filled(34, 0)), Error);
  EXPECT_THROW(writer.add_tensor("d", {1, 1, 1, 1, 1}, {1}), Error);
}

TEST(GgufWriter, LeavesOnlyTheFinishedFile) {
  const test::TemporaryFolder folder;
  GgufWriter writer;
  writer.set("key", 1);
  writer.write(folder.file("model.gguf"));
  EXPECT_EQ(folder.names(), std::set<std::string>{"model.gguf"});
  EXPECT_THROW(writer.write(folder.file("absent/model.gguf")), Error);
}

// Any metadata and any tensors come back as they went in.
RC_GTEST_PROP(GgufWriter, RoundTrip, ()) {
  const auto integers = *rc::gen::arbitrary<std::map<std::string, int64_t>>();
  const auto texts = *rc::gen::arbitrary<std::vector<std::string>>();
  const auto sizes = *rc::gen::container<std::vector<uint64_t>>(rc::gen::inRange<uint64_t>(1, 50));
  GgufWriter writer(size_t{8} << *rc::gen::inRange(0, 8));
  for (const auto& [key, value] : integers) writer.set("i." + key, value);
  writer.set_array("texts", texts);
  for (size_t i = 0; i < sizes.size(); ++i)
    writer.add_tensor("t" + std::to_string(i), TensorType::i8, {sizes[i]},
                      filled(sizes[i], static_cast<int>(i)));
  const std::vector<std::byte> bytes = writer.bytes();
  const Gguf gguf(bytes);
  for (const auto& [key, value] : integers) RC_ASSERT(gguf.get<int64_t>("i." + key) == value);
  const auto read = gguf.get_array<std::string_view>("texts");
  RC_ASSERT(std::equal(read.begin(), read.end(), texts.begin(), texts.end()));
  RC_ASSERT(gguf.tensors().size() == sizes.size());
  for (size_t i = 0; i < sizes.size(); ++i) {
    const auto data = gguf.tensors()[i].data;
    RC_ASSERT((std::vector(data.begin(), data.end()) == filled(sizes[i], static_cast<int>(i))));
  }
}

}  // namespace
}  // namespace realizar::formats
