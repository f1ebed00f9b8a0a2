#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/program.hpp"
#include "support/tiny_model.hpp"

namespace realizar::test {
namespace {

void write_vocabulary(const std::string& path) {
  formats::GgufWriter writer;
  writer.set("general.architecture", "llama");
  writer.set("general.name", "tiny\x1b[31m");
  set_tiny_vocabulary(writer);
  writer.write(path);
}

class VocabularyCommands : public testing::Test {
 protected:
  VocabularyCommands() { write_vocabulary(model_); }
  TemporaryFolder folder_;
  std::string model_ = folder_.file("vocabulary.gguf");
};

TEST_F(VocabularyCommands, TokenizeTakesEveryByteOfStandardInput) {
  const Outcome outcome = run_program("tokenize " + model_, "hi\n");
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_EQ(outcome.out, "261 13\n");
}

TEST_F(VocabularyCommands, TokenizeAddsBosAndParsesSpecialTokensOnlyWhereAsked) {
  EXPECT_EQ(run_program("tokenize --bos " + model_, "hi").out, "1 261\n");
  EXPECT_EQ(run_program("tokenize --special " + model_, "hi</s>").out, "261 2\n");
  EXPECT_EQ(run_program("tokenize " + model_, "</s>").out, "63 50 118 65\n");
}

TEST_F(VocabularyCommands, DetokenizeGivesBackWhatTokenizeTook) {
  const std::string text = "hi \xc3\xa4\xe2\x82\xac\n\n\x01 end\n";
  const std::string ids = run_program("tokenize " + model_, text).out;
  EXPECT_EQ(run_program("detokenize " + model_, ids).out, text);
}

TEST_F(VocabularyCommands, DetokenizeNamesWhatIsNoId) {
  const Outcome outcome = run_program("detokenize " + model_, "261 x7");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.error.find("\"x7\" at byte 4"), std::string::npos) << outcome.error;
  EXPECT_EQ(run_program("detokenize " + model_, "99999999999").status, 2);
  EXPECT_EQ(run_program("detokenize " + model_, "263").status, 2);
}

TEST_F(VocabularyCommands, InfoDescribesAVocabularyAsJson) {
  const Outcome outcome = run_program("info --json " + model_);
  ASSERT_EQ(outcome.status, 0) << outcome.error;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json.at("metadata").at("tokenizer.ggml.bos_token_id"), 1);
  EXPECT_EQ(json.at("metadata").at("tokenizer.ggml.add_bos_token"), true);
  EXPECT_EQ(json.at("metadata").at("tokenizer.ggml.tokens").at("count"), 263);
  EXPECT_TRUE(json.at("tensors").empty());
}

TEST_F(VocabularyCommands, InfoShowsNoControlCharacterOfTheFile) {
  const Outcome outcome = run_program("info " + model_);
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
  EXPECT_NE(outcome.out.find("tiny\\x1b[31m"), std::string::npos);
}

TEST_F(VocabularyCommands, AFullDeviceIsAFailureOfTheRun) {
  EXPECT_EQ(run_program("info " + model_ + " >/dev/full").status, 1);
}

TEST(TemplateCommand, PrintsTheRenderingAndNothingElse) {
  const TemporaryFolder folder;
  const std::string source = folder.file("chat.jinja");
  write_file(source, "{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}");
  const Outcome outcome = run_program("template " + source + " --input -",
                                      R"({"messages": [{"role": "user", "content": "h\u00e4"}]})");
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_EQ(outcome.out, "[user] h\xc3\xa4");
  write_file(source, "fine\n{% for %}");
  const Outcome broken = run_program("template " + source + " --input -", "{}");
  EXPECT_EQ(broken.status, 3);
  EXPECT_NE(broken.error.find("line 2"), std::string::npos) << broken.error;
}

TEST(TemplateCommand, SaysWhyAFileCannotBeOpened) {
  const Outcome outcome = run_program("template nofile --input -", "{}");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.error, "realizar: cannot open nofile: No such file or directory\n");
}

TEST(UnknownCommand, IsNamedWithTheKnownOnes) {
  const Outcome outcome = run_program("bogus -x");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.error,
            "realizar: there is no command bogus; the commands are run, chat, info, tokenize, detokenize, "
            "template, logits, perplexity, bench, devices, web\n");
  EXPECT_NE(run_program("--bogus").error.find("no option --bogus"), std::string::npos);
}

TEST(ExitStatus, TellsWhatWentWrong) {
  const TemporaryFolder folder;
  const std::string broken = folder.file("broken.gguf");
  write_file(broken, "GGUF but not really");
  EXPECT_EQ(run_program("--help").status, 0);
  EXPECT_EQ(run_program("--version").status, 0);
  EXPECT_EQ(run_program("info --help").status, 0);
  EXPECT_EQ(run_program("").status, 2);
  EXPECT_EQ(run_program("nonsense").status, 2);
  EXPECT_EQ(run_program("info --nonsense x").status, 2);
  EXPECT_EQ(run_program("info " + folder.file("absent.gguf")).status, 1);
  EXPECT_EQ(run_program("info " + broken).status, 3);
  EXPECT_EQ(run_program("tokenize " + broken).status, 3);
}

}  // namespace
}  // namespace realizar::test
