#include "support/golden.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "formats/gguf_file.hpp"
#include "model/model.hpp"
#include "model/reference_device.hpp"

// Logits of small random models against those that an established engine computes from the same weights in
// f32. A wrong rotation, a lost matrix or a wrong scale moves them by an NMSE of 1e-3 or more.
namespace realizar::model {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> golden_models() {
  std::vector<fs::path> models;
  const auto golden = test::golden_folder();
  if (!golden) return models;
  for (const char* folder : {"arch", "quant"}) {
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(*golden / folder, missing))
      if (entry.path().extension() == ".gguf") models.push_back(entry.path());
  }
  std::sort(models.begin(), models.end());
  return models;
}

class GoldenModel : public testing::TestWithParam<fs::path> {};

struct Expected {
  std::vector<int32_t> tokens;
  std::vector<float> logits;  // (n_tokens, n_vocab)
};

Expected read_expected(fs::path model) {
  std::ifstream in(model.replace_extension(".logits"), std::ios::binary);
  const auto read = [&in](auto& values) {
    in.read(reinterpret_cast<char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof values[0]));
    if (!in.good()) throw std::runtime_error("the file of logits is too short");
  };
  std::vector<int32_t> sizes(2);
  read(sizes);
  Expected expected;
  expected.tokens.resize(static_cast<size_t>(sizes[0]));
  read(expected.tokens);
  expected.logits.resize(expected.tokens.size() * static_cast<size_t>(sizes[1]));
  read(expected.logits);
  return expected;
}

std::vector<float> logits_of(fusion::Plan plan, const std::vector<int32_t>& tokens) {
  std::vector<int32_t> positions(tokens.size()), sequences(tokens.size());
  std::iota(positions.begin(), positions.end(), 0);
  const std::vector<uint8_t> wants(tokens.size(), 1);
  ReferenceDevice device(std::move(plan));
  const auto logits = device.run({tokens, positions, sequences, wants, {}});
  return {logits.begin(), logits.end()};
}

TEST_P(GoldenModel, HasTheLogitsOfAnEstablishedEngine) {
  const Expected expected = read_expected(GetParam());
  const auto file = formats::GgufFile::open(GetParam().string());
  const std::vector<float> logits = logits_of(load_model(file.gguf()).plan, expected.tokens);
  ASSERT_EQ(logits.size(), expected.logits.size());
  double error = 0, energy = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    error += std::pow(static_cast<double>(logits[i]) - static_cast<double>(expected.logits[i]), 2);
    energy += std::pow(static_cast<double>(expected.logits[i]), 2);
  }
  RecordProperty("nmse", std::to_string(error / energy));
  EXPECT_LT(error / energy, 1e-5);
}

TEST_P(GoldenModel, HasTheSameBitsAfterFusion) {
  const std::vector<int32_t> tokens = {1, 5, 3, 99, 64, 2, 2, 17};
  const auto file = formats::GgufFile::open(GetParam().string());
  const fusion::Plan plan = load_model(file.gguf()).plan, fused = fusion::fuse(plan);
  EXPECT_LT(fused.ops.size(), plan.ops.size());
  EXPECT_EQ(logits_of(plan, tokens), logits_of(fused, tokens));
}

std::string test_name(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.stem().string();
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenModel);
INSTANTIATE_TEST_SUITE_P(Files, GoldenModel, testing::ValuesIn(golden_models()), test_name);

}  // namespace
}  // namespace realizar::model
