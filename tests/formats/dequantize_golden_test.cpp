#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "formats/gguf_file.hpp"
#include "kernels/dequantize.hpp"
#include "support/golden.hpp"
#include "support/sha256.hpp"

namespace realizar::formats {
namespace {

/// golden/quant/dequant.sha256.json: for each file and tensor the ggml number of its type and the SHA-256 of
/// the little-endian f32 values that an established engine dequantises it to.
TEST(DequantizeGolden, EveryTensorHasTheBitsOfTheReference) {
  REALIZAR_GOLDEN_OR_SKIP(golden);
  std::ifstream stream(golden / "quant" / "dequant.sha256.json");
  const auto files = nlohmann::json::parse(stream);
  ASSERT_FALSE(files.empty());
  std::vector<float> values;
  for (const auto& [file_name, tensors] : files.items()) {
    const GgufFile file = GgufFile::open((golden / "quant" / (file_name + ".gguf")).string());
    EXPECT_EQ(file.gguf().tensors().size(), tensors.size()) << file_name;
    for (const TensorInfo& tensor : file.gguf().tensors()) {
      const auto& expected = tensors.at(std::string(tensor.name));
      EXPECT_EQ(static_cast<uint32_t>(tensor.type), expected.at(0).get<uint32_t>());
      values.resize(tensor.n_elements());
      kernels::dequantize(tensor.type, reinterpret_cast<const uint8_t*>(tensor.data.data()), values.size(),
                          values.data());
      EXPECT_EQ(test::sha256(values.data(), values.size() * sizeof(float)), expected.at(1).get<std::string>())
          << file_name << ": " << tensor.name << ", " << kernels::info(tensor.type).name;
    }
  }
}

}  // namespace
}  // namespace realizar::formats
