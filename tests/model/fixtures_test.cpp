#include "fixtures/fixtures.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "fixtures/expected.hpp"
#include "formats/gguf.hpp"
#include "kernels/formats.hpp"
#include "model/architectures/traits.hpp"
#include "model/model.hpp"
#include "model/reference_device.hpp"
#include "support/nmse.hpp"
#include "support/sha256.hpp"
#include "support/test_name.hpp"

// Small random models of every family and block format, against what an established engine computes from
// them.
namespace realizar::model {
namespace {

using test::Fixture;

std::vector<float> fixture_logits(const std::vector<std::byte>& bytes, const std::vector<int32_t>& tokens,
                                  const std::vector<uint8_t>& wants_logits = {}) {
  const formats::Gguf file(bytes);
  return reference_logits(load_model(file, {.n_context = test::fixture_context}).plan, tokens, wants_logits);
}

std::vector<Fixture> recorded_fixtures(bool families_only) {
  std::vector<Fixture> recorded;
  for (const Fixture& fixture : test::fixtures())
    if (fixture.recorded && (!families_only || fixture.kind == test::FixtureKind::family))
      recorded.push_back(fixture);
  return recorded;
}

class RecordedFixture : public testing::TestWithParam<Fixture> {};

TEST_P(RecordedFixture, IsTheSameFileOnEveryMachine) {
  const std::vector<std::byte> bytes = write_fixture(GetParam());
  EXPECT_EQ(test::sha256(bytes.data(), bytes.size()), test::expected_of(GetParam().name).sha256);
}

TEST_P(RecordedFixture, HasTheLogitsOfAnEstablishedEngine) {
  const std::vector<float> logits = fixture_logits(write_fixture(GetParam()), fixture_tokens(GetParam()));
  const double nmse =
      test::nmse(test::sample(logits, GetParam().n_vocab), test::expected_of(GetParam().name).logits);
  RecordProperty("nmse", std::to_string(nmse));
  EXPECT_LT(nmse, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(All, RecordedFixture, testing::ValuesIn(recorded_fixtures(false)), test::by_name);

/// The scales of inputs are never used; in most families those of feed-forward networks are not, and of the
/// factors for short and long contexts one are. Of many layers, those after the second are like it.
bool is_left_out(const std::string& tensor, bool has_many_layers) {
  const bool is_scale = tensor.ends_with(".scale") && tensor.find(".ffn_") != std::string::npos;
  const bool is_late = has_many_layers && tensor.starts_with("blk.") && (tensor[4] > '1' || tensor[5] != '.');
  return tensor.ends_with(".input_scale") || is_scale || tensor.starts_with("rope_factors_") || is_late;
}

class FamilyFixture : public testing::TestWithParam<Fixture> {};

// Else the comparison with another engine would not show that the tensor is used rightly.
TEST_P(FamilyFixture, DependsOnEveryTensor) {
  std::vector<int32_t> tokens = fixture_tokens(GetParam());
  tokens.resize(16);  // longer than the windows
  const std::vector<std::byte> bytes = write_fixture(GetParam());
  const std::vector<float> logits = fixture_logits(bytes, tokens);
  const formats::Gguf file(bytes);
  const bool has_many_layers =
      std::any_of(file.tensors().begin(), file.tensors().end(),
                  [](const formats::TensorInfo& tensor) { return tensor.name.starts_with("blk.8."); });
  for (const formats::TensorInfo& tensor : file.tensors()) {
    const std::string name(tensor.name);
    if (is_left_out(name, has_many_layers)) continue;
    const std::vector<std::byte> without = write_fixture(GetParam(), {.muted = name});
    EXPECT_GT(test::nmse(fixture_logits(without, tokens), logits), 1e-4) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, FamilyFixture, testing::ValuesIn(recorded_fixtures(true)), test::by_name);

// In other types these scales are left aside, as established engines do; NVFP4 weights are too large without.
TEST(ScalesOfFeedForwardNetworks, CountInEveryFamilyWhereWeightsAreNvfp4) {
  const auto moves = [](const char* name) {
    const Fixture& fixture = test::fixture_named(name);
    const std::vector<int32_t> tokens = {1, 2, 3};
    const std::vector<std::byte> without = write_fixture(fixture, {.muted = "blk.0.ffn_up.scale"});
    return fixture_logits(without, tokens) != fixture_logits(write_fixture(fixture), tokens);
  };
  EXPECT_TRUE(moves("NVFP4-qwen2"));
  EXPECT_FALSE(moves("qwen2"));
}

TEST(Architectures, EachHasAFixture) {
  std::set<std::string> tested;
  for (const Fixture& fixture : test::fixtures()) {
    const std::vector<std::byte> bytes = write_fixture(fixture);
    if (fixture.recorded) tested.emplace(formats::Gguf(bytes).get_string("general.architecture"));
  }
  for (const Traits& traits : all_traits())
    EXPECT_TRUE(tested.contains(traits.architecture)) << traits.architecture;
}

TEST(BlockFormats, EachHasAFixture) {
  std::set<kernels::TensorType> tested;
  for (const Fixture& fixture : test::fixtures()) {
    if (fixture.kind != test::FixtureKind::block_format) continue;
    const std::vector<std::byte> bytes = write_fixture(fixture);
    const formats::Gguf file(bytes);
    for (const formats::TensorInfo& tensor : file.tensors()) tested.insert(tensor.type);
  }
  kernels::for_each_format(kernels::AllBlockFormats{}, [&]<class F>(F) {
    EXPECT_TRUE(tested.contains(F::type)) << kernels::info(F::type).name;
  });
}

// Two layers of 12 positions see 23 of them.
TEST(SlidingWindow, OfMistralHidesWhatIsFartherBack) {
  const Fixture& fixture = test::fixture_named("mistral-window");
  const std::vector<std::byte> bytes = write_fixture(fixture);
  std::vector<int32_t> tokens = fixture_tokens(fixture);
  std::vector<uint8_t> last_only(tokens.size(), 0);
  last_only.back() = 1;
  const std::vector<float> logits = fixture_logits(bytes, tokens, last_only);
  const size_t first_seen = tokens.size() - 23;
  for (size_t i = 0; i < first_seen; ++i) tokens[i] ^= 1;
  EXPECT_EQ(fixture_logits(bytes, tokens, last_only), logits);
  tokens[first_seen] ^= 1;
  EXPECT_NE(fixture_logits(bytes, tokens, last_only), logits);
}

}  // namespace
}  // namespace realizar::model
