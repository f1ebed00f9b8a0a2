#include "formats/gguf_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "formats/gguf_writer.hpp"
#include "support/temporary_folder.hpp"

namespace realizar::formats {
namespace {

struct Part {
  uint16_t number, count;
  const char* tensor;
  int32_t all_tensors = 3;
};

void write_part(const std::string& path, const Part& part) {
  GgufWriter writer;
  if (part.number == 0) writer.set("general.architecture", "llama");
  writer.set("split.no", part.number);
  writer.set("split.count", part.count);
  writer.set("split.tensors.count", part.all_tensors);
  writer.add_tensor(part.tensor, {2}, {1.0f * part.number, 2});
  writer.write(path);
}

class SplitGguf : public testing::Test {
 protected:
  void SetUp() override {
    write_part(part(1), {0, 3, "a"});
    write_part(part(2), {1, 3, "b"});
    write_part(part(3), {2, 3, "c"});
  }
  std::string part(int number) const {
    return folder.file("m-0000" + std::to_string(number) + "-of-00003.gguf");
  }

  void expect_refused(const std::string& path, const std::string& fragment) const {
    try {
      GgufFile::open(path);
      ADD_FAILURE() << "no error that says " << fragment;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(fragment), std::string::npos) << error.what();
    }
  }

  test::TemporaryFolder folder;
};

TEST(GgufFile, OpensASingleFile) {
  const test::TemporaryFolder folder;
  GgufWriter writer;
  writer.set("general.name", "single");
  writer.add_tensor("a", {2}, {1, 2});
  writer.write(folder.file("m.gguf"));
  GgufFile file = GgufFile::open(folder.file("m.gguf"));
  EXPECT_EQ(file.gguf().get_string("general.name"), "single");
  EXPECT_EQ(file.size(), std::filesystem::file_size(folder.file("m.gguf")));
  const TensorInfo& tensor = file.gguf().tensors().front();
  file.drop(tensor.data);
  EXPECT_EQ(load_value<float>(tensor.data.data() + 4), 2.0f);
}

TEST(GgufFile, AMissingFileIsAnErrorThatNamesIt) {
  try {
    GgufFile::open("/nowhere/m.gguf");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_NE(std::string(error.what()).find("/nowhere/m.gguf"), std::string::npos);
  }
}

TEST_F(SplitGguf, IsOneModelWithTheMetadataOfItsFirstPart) {
  const GgufFile file = GgufFile::open(part(1));
  const Gguf& gguf = file.gguf();
  EXPECT_EQ(gguf.get_string("general.architecture"), "llama");
  ASSERT_EQ(gguf.tensors().size(), 3u);
  for (uint32_t i = 0; i < 3; ++i) {
    const TensorInfo* tensor = gguf.find_tensor(std::string(1, static_cast<char>('a' + i)));
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ(tensor->part, i);
    EXPECT_EQ(load_value<float>(tensor->data.data()), static_cast<float>(i));
    EXPECT_EQ(gguf.where(*tensor).find(part(static_cast<int>(i) + 1)), 0u);
  }
}

TEST_F(SplitGguf, IsOpenedByItsFirstPart) {
  expect_refused(part(2), "this is part 2 of 3; open the first one, whose name ends in -00001-of-00003.gguf");
}

TEST_F(SplitGguf, WithoutOneOfItsPartsIsRefused) {
  std::filesystem::remove(part(2));
  expect_refused(part(1), "part 2 of the 3 of a split model is missing: cannot open '" + part(2));
}

TEST_F(SplitGguf, UnderAnotherNameIsRefused) {
  std::filesystem::rename(part(1), folder.file("other.gguf"));
  expect_refused(folder.file("other.gguf"), "name it so that it ends in -00001-of-00003.gguf");
}

TEST_F(SplitGguf, WithPartsInTheWrongOrderIsRefused) {
  write_part(part(2), {2, 3, "b"});
  expect_refused(part(1), part(2) + ": key 'split.no' at offset 24 is 2");
}

TEST_F(SplitGguf, WithAPartOfAnotherSplitIsRefused) {
  write_part(part(2), {1, 4, "b"});
  expect_refused(part(1), "is 4, and the first part says 3");
}

TEST_F(SplitGguf, WithATensorInTwoPartsIsRefused) {
  write_part(part(3), {2, 3, "a"});
  expect_refused(part(1), part(3) + ": tensor 'a' at offset ");
}

TEST_F(SplitGguf, WithFewerTensorsThanItClaimsIsRefused) {
  write_part(part(1), {0, 3, "a", 4});
  expect_refused(part(1), "is 4, and the 3 parts hold 3");
}

TEST_F(SplitGguf, NeedNotSayHowManyTensorsThereAre) {
  for (const int32_t count : {0, -1}) {
    write_part(part(1), {0, 3, "a", count});
    EXPECT_EQ(GgufFile::open(part(1)).gguf().tensors().size(), 3u);
  }
}

TEST_F(SplitGguf, WithADamagedPartIsRefusedByThatPart) {
  std::filesystem::resize_file(part(3), 50);
  expect_refused(part(1), part(3) + ": ");
}

}  // namespace
}  // namespace realizar::formats
