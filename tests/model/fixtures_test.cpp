#include "fixtures/fixtures.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <numeric>

#include "fixtures/expected.hpp"
#include "formats/gguf.hpp"
#include "model/model.hpp"
#include "model/reference_device.hpp"
#include "support/nmse.hpp"
#include "support/sha256.hpp"

// Small random models of every family and block format, against what an established engine computes from them.
namespace realizar::model {
namespace {

using test::Fixture;

std::vector<float> reference_logits(const Fixture& fixture, const std::vector<std::byte>& bytes) {
  const formats::Gguf file(bytes, fixture.name);
  ReferenceDevice device(load_model(file, {.n_context = fixture.n_context}).plan);
  const std::vector<int32_t> tokens = test::fixture_tokens(fixture);
  std::vector<int32_t> positions(tokens.size()), sequences(tokens.size());
  std::iota(positions.begin(), positions.end(), 0);
  const std::vector<uint8_t> wants(tokens.size(), 1);
  const auto logits = device.run({tokens, positions, sequences, wants, {}});
  return {logits.begin(), logits.end()};
}

class Fixtures : public testing::TestWithParam<Fixture> {};

TEST_P(Fixtures, AreTheSameFileOnEveryMachine) {
  const auto expected = test::expected_of(GetParam().name);
  if (!expected) GTEST_SKIP() << "the oracle does not load it";
  const std::vector<std::byte> bytes = write_fixture(GetParam());
  EXPECT_EQ(test::sha256(bytes.data(), bytes.size()), expected->sha256);
}

TEST_P(Fixtures, HaveTheLogitsOfAnEstablishedEngine) {
  const auto expected = test::expected_of(GetParam().name);
  if (!expected) GTEST_SKIP() << "the oracle does not load it";
  const std::vector<float> logits = reference_logits(GetParam(), write_fixture(GetParam()));
  EXPECT_LT(test::nmse(test::sample(logits, GetParam().n_vocab), expected->logits), 1e-5);
}

std::string test_name(const testing::TestParamInfo<Fixture>& info) {
  std::string name = info.param.name;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, Fixtures, testing::ValuesIn(test::fixtures()), test_name);

}  // namespace
}  // namespace realizar::model
