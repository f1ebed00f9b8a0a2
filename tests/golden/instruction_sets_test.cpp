#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "backend/isa.hpp"
#include "support/default_model.hpp"
#include "support/program.hpp"
#include "support/tiny_model.hpp"

namespace realizar::test {
namespace {

/// Every instruction set of this machine gives the bits of the scalar one, from the file to the logits.
void expect_equal_bits(const std::string& model, const std::string& tokens) {
  const TemporaryFolder folder;
  for (const std::string arithmetic : {"exact", "fast"}) {
    std::string scalar;
    for (const backend::Isa set : backend::available_isas()) {
      const std::string isa = to_string(set), output = folder.file(isa);
      const Outcome outcome = run_program(
          "logits " + model + " --context 256 --tokens - --output " + output + " --arithmetic " + arithmetic,
          tokens, "REALIZAR_ISA=" + isa);
      ASSERT_EQ(outcome.status, 0) << outcome.error;
      const std::string logits = read_file(output);
      if (set == backend::Isa::scalar) scalar = logits;
      EXPECT_TRUE(logits == scalar) << isa << ", " << arithmetic;
    }
  }
}

class InstructionSets : public testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("REALIZAR_ISA")) GTEST_SKIP() << "instruction sets are compared where none is named";
  }
};

TEST_F(InstructionSets, GiveTheSameBitsOnATinyModel) {
  const TemporaryFolder folder;
  write_tiny_model(folder.file("tiny.gguf"));
  expect_equal_bits(folder.file("tiny.gguf"), "1 261 5 77 200 261 9");
}

TEST_F(InstructionSets, GiveTheSameBitsOnTheDefaultModel) {
  REALIZAR_DEFAULT_MODEL_OR_SKIP(model);
  expect_equal_bits(model.string(), "1 9690 198 2683 359 253 5356 5646 1604 3987 46477 24 6403 1980 253 655");
}

}  // namespace
}  // namespace realizar::test
