#include "formats/gguf_summary.hpp"

#include <gtest/gtest.h>

#include "formats/gguf_writer.hpp"

namespace realizar::formats {
namespace {

TEST(GgufSummary, CountsParametersAndBytesByType) {
  GgufWriter writer;
  writer.set("general.architecture", "llama");
  writer.set("general.name", 5);
  writer.add_tensor("norm", {4}, {1, 2, 3, 4});
  writer.add_tensor("a", TensorType::q8_0, {64, 2}, std::vector(4 * 34, std::byte{0}));
  writer.add_tensor("b", TensorType::q8_0, {32}, std::vector(34, std::byte{0}));
  const std::vector<std::byte> bytes = writer.bytes();
  const GgufSummary summary = summarize(Gguf(bytes));
  EXPECT_EQ(summary.architecture, "llama");
  EXPECT_EQ(summary.name, "");
  EXPECT_EQ(summary.tensors, 3u);
  EXPECT_EQ(summary.parameters, 4u + 128 + 32);
  EXPECT_EQ(summary.tensor_bytes, 16u + 170);
  ASSERT_EQ(summary.by_type.size(), 2u);
  EXPECT_EQ(summary.by_type[0].type, TensorType::q8_0);
  EXPECT_EQ(summary.by_type[0].tensors, 2u);
  EXPECT_EQ(summary.by_type[0].elements, 160u);
  EXPECT_EQ(summary.by_type[0].bytes, 170u);
  EXPECT_EQ(summary.by_type[1].type, TensorType::f32);
}

TEST(GgufSummary, PlainValuesKeepWhatTheFileHolds) {
  GgufWriter writer;
  writer.set("negative", int16_t{-7});
  writer.set("large", ~uint64_t{0});
  writer.set("ratio", 0.5f);
  writer.set("flag", true);
  writer.set_array("words", std::vector<std::string>{"a", "b", "c"});
  const std::vector<std::byte> bytes = writer.bytes();
  const Gguf gguf(bytes);
  const auto values = [&](const char* key) { return plain_values(*gguf.find(key), 2); };
  EXPECT_EQ(values("negative"), std::vector<PlainValue>{int64_t{-7}});
  EXPECT_EQ(values("large"), std::vector<PlainValue>{~uint64_t{0}});
  EXPECT_EQ(values("ratio"), std::vector<PlainValue>{0.5});
  EXPECT_EQ(values("flag"), std::vector<PlainValue>{true});
  EXPECT_EQ(values("words"), (std::vector<PlainValue>{std::string_view("a"), std::string_view("b")}));
}

}  // namespace
}  // namespace realizar::formats
