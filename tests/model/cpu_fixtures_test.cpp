#include <gtest/gtest.h>

#include "fixtures/cpu_run.hpp"
#include "fixtures/expected.hpp"
#include "fixtures/fixtures.hpp"
#include "support/nmse.hpp"
#include "support/test_name.hpp"

// The CPU device on small models of every family and block format, against an established engine.
namespace realizar::model {
namespace {

using fusion::Arithmetic;
using fusion::KvType;
using test::Fixture;

class CpuFixture : public testing::TestWithParam<Fixture> {
 protected:
  std::vector<float> logits(test::Run run) {
    run.n_context = test::fixture_context;
    return test::cpu_logits(file_, fixture_tokens(GetParam()), run);
  }
  double distance(const std::vector<float>& logits) {
    return test::nmse(test::sample(logits, GetParam().n_vocab), test::expected_of(GetParam().name).logits);
  }

 private:
  std::vector<std::byte> bytes_ = write_fixture(GetParam());
  formats::Gguf file_{bytes_};
};

TEST_P(CpuFixture, ExactHasTheLogitsOfAnEstablishedEngine) {
  const double nmse = distance(logits({Arithmetic::exact, KvType::f32}));
  RecordProperty("nmse", std::to_string(nmse));
  EXPECT_LT(nmse, 1e-5);
}

// That engine's own int8 path is 2e-3 away at most.
TEST_P(CpuFixture, FastIsClose) {
  const double nmse = distance(logits({Arithmetic::fast, KvType::f16}));
  RecordProperty("nmse", std::to_string(nmse));
  EXPECT_LT(nmse, 6e-3);
}

std::vector<Fixture> recorded_fixtures() {
  std::vector<Fixture> recorded;
  for (const Fixture& fixture : test::fixtures())
    if (fixture.recorded) recorded.push_back(fixture);
  return recorded;
}

INSTANTIATE_TEST_SUITE_P(All, CpuFixture, testing::ValuesIn(recorded_fixtures()), test::by_name);

}  // namespace
}  // namespace realizar::model
