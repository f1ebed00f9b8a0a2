#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "backend/isa.hpp"
#include "fixtures/cpu_run.hpp"
#include "fixtures/expected.hpp"
#include "fixtures/fixtures.hpp"
#include "support/golden.hpp"
#include "support/nmse.hpp"
#include "support/temporary_folder.hpp"
#include "support/test_name.hpp"

// The CPU device on small models of every family and block format: against an established engine, and against
// itself for other batches, threads and instruction sets.
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

TEST_P(CpuFixture, BitsDoNotDependOnBatchesAndThreads) {
  for (const Arithmetic arithmetic : {Arithmetic::exact, Arithmetic::fast}) {
    const std::vector<float> once = logits({arithmetic, KvType::f16, 1});
    EXPECT_EQ(once, logits({arithmetic, KvType::f16, 3, {1, 1, 2, 5}}));
    EXPECT_EQ(once, logits({arithmetic, KvType::f16, 2, {17, 16}}));
  }
}

std::vector<Fixture> recorded_fixtures() {
  std::vector<Fixture> recorded;
  for (const Fixture& fixture : test::fixtures())
    if (fixture.recorded) recorded.push_back(fixture);
  return recorded;
}

std::string test_name(const testing::TestParamInfo<Fixture>& info) {
  return test::test_name(info.param.name);
}

INSTANTIATE_TEST_SUITE_P(All, CpuFixture, testing::ValuesIn(recorded_fixtures()), test_name);

/// The golden models, as arguments in a shell.
std::string golden_arguments() {
  std::string paths;
  for (const char* part : {"arch", "quant"})
    for (const auto& path : test::golden_models(part)) paths += " '" + path.string() + "'";
  return paths;
}

std::string digests_of(const std::string& isa) {
  const test::TemporaryFolder folder;
  const std::string out = folder.file("out");
  const std::string command =
      "REALIZAR_ISA=" + isa + " " + REALIZAR_PRINT_DIGESTS + golden_arguments() + " > '" + out + "'";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::ifstream in(out);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(InstructionSets, AllComputeTheBitsOfTheScalarKernels) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "compared in builds without sanitizers, which would take minutes";
#endif
  if (std::getenv("REALIZAR_ISA")) GTEST_SKIP() << "compared where REALIZAR_ISA is not set";
  const std::string scalar = digests_of("scalar");
  EXPECT_FALSE(scalar.empty());
  const auto& available = backend::available_isas();
  std::string missing;
  for (const backend::Isa isa : backend::all_isas) {
    if (isa == backend::Isa::scalar) continue;
    if (std::find(available.begin(), available.end(), isa) != available.end())
      EXPECT_EQ(digests_of(to_string(isa)), scalar) << to_string(isa);
    else
      missing += std::string(missing.empty() ? "" : " and ") + to_string(isa);
  }
  if (!missing.empty()) GTEST_SKIP() << "this processor lacks " << missing << "; what it has was compared";
}

}  // namespace
}  // namespace realizar::model
