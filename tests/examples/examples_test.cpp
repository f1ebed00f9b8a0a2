#include <gtest/gtest.h>

#include <string>

#include "support/program.hpp"
#include "support/tiny_model.hpp"

namespace realizar::test {
namespace {

class Examples : public testing::Test {
 protected:
  Examples() { write_tiny_model(model_); }

  Outcome run(const std::string& example, const std::string& arguments) {
    return run_command(std::string(REALIZAR_BINARIES) + "/example_" + example + " " + model_ + " " +
                       arguments);
  }

  TemporaryFolder folder_;
  std::string model_ = folder_.file("tiny.gguf");
};

TEST_F(Examples, AnswerStreamsAnAnswer) {
  const Outcome outcome = run("answer", "hi");
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_GT(outcome.out.size(), 1u);
  EXPECT_NE(outcome.error.find("tok/s"), std::string::npos) << outcome.error;
}

TEST_F(Examples, NextTokenListsTheMostProbable) {
  const Outcome outcome = run("next_token", "hi");
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_NE(outcome.out.find("predict_next says"), std::string::npos) << outcome.out;
}

TEST_F(Examples, StreamsContinuesEveryPrompt) {
  const Outcome outcome = run("streams", "hi hi ho");
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_NE(outcome.out.find("ho ->"), std::string::npos) << outcome.out;
}

TEST_F(Examples, ProductsComparesTheArithmeticsAndMeetsTheCheck) {
  const Outcome outcome = run_command(std::string(REALIZAR_BINARIES) + "/example_products");
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_NE(outcome.out.find("a vector too long: "), std::string::npos) << outcome.out;
}

TEST_F(Examples, FailWithASentence) {
  model_ = folder_.file("absent.gguf");
  const Outcome outcome = run("answer", "hi");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.error.find("absent.gguf"), std::string::npos) << outcome.error;
}

}  // namespace
}  // namespace realizar::test
