#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <filesystem>

#include "backend/mapped_file.hpp"
#include "base/error.hpp"
#include "formats/gguf.hpp"
#include "formats/gguf_summary.hpp"
#include "formats/gguf_values.hpp"
#include "formats/gguf_writer.hpp"
#include "support/gguf_mutations.hpp"
#include "support/golden.hpp"

namespace realizar::formats {
namespace {

/// Either the file is refused with an `Error`, or everything it declares can be read.
void read_everything(std::span<const std::byte> bytes) {
  try {
    const Gguf gguf(bytes);
    uint64_t seen = 0;
    for (const Metadata& entry : gguf.metadata()) {
      RC_ASSERT(gguf.find(entry.key) == &entry);
      for_each_value(entry, entry.count, [&](auto) { ++seen; });
    }
    for (const TensorInfo& tensor : gguf.tensors()) {
      RC_ASSERT(gguf.find_tensor(tensor.name) == &tensor);
      RC_ASSERT(tensor.data.size() == tensor.n_bytes);
      seen += std::to_integer<unsigned>(tensor.data.front()) + std::to_integer<unsigned>(tensor.data.back());
    }
    RC_ASSERT(summarize(gguf).tensors == gguf.tensors().size());
    static_cast<void>(seen);
  } catch (const Error& error) {
    RC_ASSERT(error.kind() == ErrorKind::invalid_file || error.kind() == ErrorKind::unsupported);
    RC_ASSERT(std::string(error.what()).size() < 1000);
  }
}

RC_GTEST_PROP(GgufMutation, AWrittenFileIsReadOrRefused, ()) {
  GgufWriter writer;
  writer.set("general.architecture", "llama");
  writer.set("general.alignment", uint32_t{32});
  writer.set("flag", true);
  writer.set_array("tokens", std::vector<std::string>{"<s>", "a", "bc"});
  writer.set_array("scores", {0.0f, -1.0f});
  writer.set_array("flags", std::vector<uint8_t>{1, 0});
  writer.add_tensor("a", {4, 2}, {0, 1, 2, 3, 4, 5, 6, 7});
  writer.add_tensor("b", TensorType::q8_0, {32, 2}, std::vector(68, std::byte{1}));
  std::vector<std::byte> bytes = writer.bytes();
  test::check_mutations(bytes, Gguf(bytes).data_offset(), read_everything);
}

TEST(GgufMutation, AGoldenFileIsReadOrRefused) {
  REALIZAR_GOLDEN_OR_SKIP(golden);
  for (const std::filesystem::path& path : test::gguf_files(golden)) {
    SCOPED_TRACE(path);
    const backend::MappedFile file(path.string());
    const size_t header_size = Gguf(file.bytes(), path.string()).data_offset();
    std::vector<std::byte> bytes(file.bytes().begin(), file.bytes().end());
    EXPECT_TRUE(rc::check([&] { test::check_mutations(bytes, header_size, read_everything); }));
  }
}

TEST(GgufMutation, AGoldenFileCutShortIsRefused) {
  REALIZAR_GOLDEN_OR_SKIP(golden);
  for (const std::filesystem::path& path : test::gguf_files(golden)) {
    const backend::MappedFile file(path.string());
    uint64_t end = 0, header_size = 0;
    {
      const Gguf whole(file.bytes());
      header_size = whole.data_offset();
      for (const TensorInfo& tensor : whole.tensors()) end = std::max(end, tensor.offset + tensor.n_bytes);
    }
    // Steps that are no multiple of any field's size, and closer where the header still is.
    for (uint64_t size = 0; size < end; size += size < header_size ? 37 : 100'003)
      EXPECT_THROW(Gguf(file.bytes().first(size)), Error) << path << " with " << size << " bytes";
    EXPECT_THROW(Gguf(file.bytes().first(end - 1)), Error) << path;
  }
}

}  // namespace
}  // namespace realizar::formats
