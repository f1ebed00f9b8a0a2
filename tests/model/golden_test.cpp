#include "support/golden.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "formats/gguf_file.hpp"
#include "model/model.hpp"
#include "model/reference_device.hpp"
#include "support/binary_reader.hpp"
#include "support/nmse.hpp"
#include "support/test_name.hpp"

// Logits of small random models against those that an established engine computes from the same weights in
// f32. A wrong rotation, a lost matrix or a wrong scale moves them by an NMSE of 1e-3 or more.
namespace realizar::model {
namespace {

namespace fs = std::filesystem;

class GoldenModel : public testing::TestWithParam<fs::path> {};

TEST_P(GoldenModel, HasTheLogitsOfAnEstablishedEngine) {
  const test::RecordedLogits recorded(fs::path(GetParam()).replace_extension(".logits"));
  const auto file = formats::GgufFile::open(GetParam().string());
  const double error =
      test::nmse(reference_logits(load_model(file.gguf()).plan, recorded.tokens), recorded.logits);
  RecordProperty("nmse", std::to_string(error));
  EXPECT_LT(error, 1e-5);
}

TEST_P(GoldenModel, HasTheSameBitsAfterFusion) {
  const std::vector<int32_t> tokens = {1, 5, 3, 99, 64, 2, 2, 17};
  const auto file = formats::GgufFile::open(GetParam().string());
  const fusion::Plan plan = load_model(file.gguf()).plan, fused = fusion::fuse(plan);
  EXPECT_LT(fused.ops.size(), plan.ops.size());
  EXPECT_EQ(reference_logits(plan, tokens), reference_logits(fused, tokens));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenModel);
INSTANTIATE_TEST_SUITE_P(Architectures, GoldenModel, testing::ValuesIn(test::golden_models("arch")),
                         test::by_stem);
INSTANTIATE_TEST_SUITE_P(Formats, GoldenModel, testing::ValuesIn(test::golden_models("quant")),
                         test::by_stem);

}  // namespace
}  // namespace realizar::model
