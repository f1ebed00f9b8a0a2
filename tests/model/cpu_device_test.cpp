#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>

#include "fixtures/cpu_run.hpp"
#include "formats/gguf_file.hpp"
#include "support/binary_reader.hpp"
#include "support/golden.hpp"
#include "support/nmse.hpp"
#include "support/test_name.hpp"

// The CPU device on the golden models, against an established engine's logits.
namespace realizar::model {
namespace {

namespace fs = std::filesystem;
using fusion::Arithmetic;

test::RecordedLogits recorded_of(fs::path model) {
  return test::RecordedLogits(model.replace_extension(".logits"));
}

std::vector<float> logits_of(const fs::path& model, std::span<const int32_t> tokens, const test::Run& run) {
  return test::cpu_logits(formats::GgufFile::open(model.string()).gguf(), tokens, run);
}

std::string test_name(const testing::TestParamInfo<fs::path>& info) {
  return test::test_name(info.param.stem().string());
}

class CpuDevice : public testing::TestWithParam<fs::path> {};

TEST_P(CpuDevice, ExactHasTheLogitsOfAnEstablishedEngine) {
  const test::RecordedLogits golden = recorded_of(GetParam());
  const double error = test::nmse(logits_of(GetParam(), golden.tokens, {}), golden.logits);
  RecordProperty("nmse", std::to_string(error));
  EXPECT_LT(error, 1e-5);
}

/// What an established engine's own int8 path has, by the name of the model.
std::map<std::string, double> peer_nmse() {
  std::map<std::string, double> figures;
  const auto golden = test::golden_folder();
  if (!golden) return figures;
  std::ifstream in(*golden / "quant" / "peer_nmse.json");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::regex entry("\"(\\w+)\": ([0-9.e-]+)");
  for (std::sregex_iterator it(text.begin(), text.end(), entry), end; it != end; ++it)
    figures[(*it)[1]] = std::stod((*it)[2]);
  return figures;
}

class QuantisedCpuDevice : public CpuDevice {};

TEST_P(QuantisedCpuDevice, FastIsAboutAsCloseAsAnEstablishedEnginesOwn) {
  const test::RecordedLogits golden = recorded_of(GetParam());
  const double error = test::nmse(logits_of(GetParam(), golden.tokens, {Arithmetic::fast}), golden.logits);
  RecordProperty("nmse", std::to_string(error));
  EXPECT_LT(error, 3 * peer_nmse().at(GetParam().stem().string()));
}

INSTANTIATE_TEST_SUITE_P(Formats, QuantisedCpuDevice, testing::ValuesIn(test::golden_models("quant")),
                         test_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(QuantisedCpuDevice);
INSTANTIATE_TEST_SUITE_P(Architectures, CpuDevice, testing::ValuesIn(test::golden_models("arch")), test_name);
INSTANTIATE_TEST_SUITE_P(Formats, CpuDevice, testing::ValuesIn(test::golden_models("quant")), test_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CpuDevice);

}  // namespace
}  // namespace realizar::model
