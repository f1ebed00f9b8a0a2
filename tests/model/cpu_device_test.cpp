#include <gtest/gtest.h>

#include <filesystem>

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

std::vector<float> golden_logits(const fs::path& model, std::span<const int32_t> tokens,
                                 const test::Run& run) {
  return test::cpu_logits(formats::GgufFile::open(model.string()).gguf(), tokens, run);
}

class CpuDevice : public testing::TestWithParam<fs::path> {};

TEST_P(CpuDevice, ExactHasTheLogitsOfAnEstablishedEngine) {
  const test::RecordedLogits golden = recorded_of(GetParam());
  const double error = test::nmse(golden_logits(GetParam(), golden.tokens, {}), golden.logits);
  RecordProperty("nmse", std::to_string(error));
  EXPECT_LT(error, 1e-5);
}

class QuantisedCpuDevice : public CpuDevice {};

TEST_P(QuantisedCpuDevice, FastIsAboutAsCloseAsAnEstablishedEnginesOwn) {
  const test::RecordedLogits golden = recorded_of(GetParam());
  const double error =
      test::nmse(golden_logits(GetParam(), golden.tokens, {Arithmetic::fast}), golden.logits);
  RecordProperty("nmse", std::to_string(error));
  EXPECT_LT(error, 3 * test::peer_nmse().at(GetParam().stem().string()));
}

INSTANTIATE_TEST_SUITE_P(Formats, QuantisedCpuDevice, testing::ValuesIn(test::golden_models("quant")),
                         test::by_stem);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(QuantisedCpuDevice);
INSTANTIATE_TEST_SUITE_P(Architectures, CpuDevice, testing::ValuesIn(test::golden_models("arch")),
                         test::by_stem);
INSTANTIATE_TEST_SUITE_P(Formats, CpuDevice, testing::ValuesIn(test::golden_models("quant")), test::by_stem);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CpuDevice);

}  // namespace
}  // namespace realizar::model
