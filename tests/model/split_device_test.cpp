#include "fusion/split_device.hpp"

#include <gtest/gtest.h>

#include "fixtures/cpu_run.hpp"
#include "fixtures/fixtures.hpp"
#include "fusion/split_plan.hpp"
#include "model/model.hpp"
#include "support/test_name.hpp"

// Models of every family, cut at every layer, on two devices.
namespace realizar::model {
namespace {

using test::Fixture;

class SplitDevice : public testing::TestWithParam<Fixture> {};

TEST_P(SplitDevice, HasTheBitsOfTheWhole) {
  const std::vector<std::byte> bytes = write_fixture(GetParam());
  const formats::Gguf file(bytes);
  const fusion::Plan plan = load_model(file, {.n_context = test::fixture_context}).plan;
  const fusion::DeviceOptions options{.n_threads = 1, .arithmetic = fusion::Arithmetic::fast};
  const std::vector<int32_t> tokens = fixture_tokens(GetParam());
  const auto logits = [&](std::unique_ptr<fusion::Device> device) {
    test::Sequences sequences(std::move(device));
    const int32_t sequence = sequences.pages().create();
    const auto rows = sequences.run({{sequence, tokens}});
    return std::vector<float>(rows.begin(), rows.end());
  };
  const std::vector<float> whole = logits(make_cpu_device(plan, options));
  for (int n = 1; n < static_cast<int>(plan.kv.size()); ++n) {
    fusion::SplitPlan parts = fusion::split(plan, n);
    EXPECT_TRUE(logits(fusion::join_devices(make_cpu_device(std::move(parts.first), options),
                                            make_cpu_device(std::move(parts.second), options))) == whole)
        << n << " of " << plan.kv.size() << " layers on the first";
  }
}

std::vector<Fixture> families() {
  std::vector<Fixture> families;
  for (const Fixture& fixture : test::fixtures())
    if (fixture.kind == test::FixtureKind::family) families.push_back(fixture);
  return families;
}

INSTANTIATE_TEST_SUITE_P(Families, SplitDevice, testing::ValuesIn(families()), test::by_name);

}  // namespace
}  // namespace realizar::model
