#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/nmse.hpp"
#include "support/program.hpp"
#include "support/tiny_model.hpp"

namespace realizar::test {
namespace {

using nlohmann::json;

class ModelCommands : public testing::Test {
 protected:
  ModelCommands() { write_tiny_model(model_); }

  TemporaryFolder folder_;
  std::string model_ = folder_.file("tiny.gguf");
};

TEST_F(ModelCommands, RunPrintsTheTextAloneAndASummaryOnStderr) {
  const Outcome outcome = run_program("run " + model_ + " -p hi -n 12");
  ASSERT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_FALSE(outcome.out.empty());
  const char* const summary =
      "load [0-9.]+ s, first token after [0-9.]+ s, prefill [0-9.]+ tok/s, decode [0-9.]+ "
      "tok/s, [0-9]+ % of the memory bandwidth \\([0-9.]+ GB/s\\)\n";
  EXPECT_THAT(outcome.error, testing::MatchesRegex(summary));
}

TEST_F(ModelCommands, RunIsGreedyUnlessToldOtherwise) {
  const std::string greedy = run_program("run " + model_ + " -p hi -n 12").out;
  EXPECT_EQ(run_program("run " + model_ + " -p hi -n 12 --temperature 0 --seed 5").out, greedy);
  const std::string drawn = run_program("run " + model_ + " -p hi -n 12 --temperature 1 --seed 5").out;
  EXPECT_NE(drawn, greedy);
  EXPECT_EQ(run_program("run " + model_ + " -p hi -n 12 --temperature 1 --seed 5 --threads 1").out, drawn);
}

TEST_F(ModelCommands, RunSaysAllInJson) {
  const Outcome outcome = run_program("run " + model_ + " -p - -n 7 --logit-bias 2=-inf --json", "hi");
  ASSERT_EQ(outcome.status, 0) << outcome.error;
  const json object = json::parse(outcome.out);
  EXPECT_EQ(object.at("tokens").size(), 7u);
  EXPECT_EQ(object.at("stop_reason"), "max_tokens");
  // BOS, "[user]", "hi", a line end and "[assistant]", each letter but those of "hi" a byte.
  EXPECT_EQ(object.at("prompt_tokens"), 20);
  EXPECT_GT(object.at("decode_tokens_per_second"), 0.0);
  EXPECT_GT(object.at("bandwidth_share"), 0.0);
  EXPECT_EQ(outcome.error, "");
}

TEST_F(ModelCommands, RawUsesNoTemplateButSpecialTokensAndBos) {
  const auto n_prompt = [&](const std::string& arguments) {
    return json::parse(run_program("run " + model_ + " --json -n 1 " + arguments).out).at("prompt_tokens");
  };
  EXPECT_EQ(n_prompt("--raw -p hi"), 2);
  EXPECT_EQ(n_prompt("--raw -p 'hi</s>'"), 3);
  EXPECT_EQ(n_prompt("--system hi -p hi"), 20 + 10);  // "[system]", "hi" and a line end
}

TEST_F(ModelCommands, RunSaysWhatIsWrong) {
  EXPECT_EQ(run_program("run " + model_).status, 2);
  EXPECT_EQ(run_program("run " + model_ + " -p hi --kv f64").status, 2);
  EXPECT_EQ(run_program("run " + model_ + " -p hi --top-k=x").status, 2);
  EXPECT_EQ(run_program("run " + model_ + " -p hi --logit-bias 3").status, 2);
  EXPECT_EQ(run_program("run " + folder_.file("absent.gguf") + " -p hi").status, 1);
  const Outcome no_default = run_program("run -p hi", "", "XDG_CACHE_HOME=" + folder_.file("nowhere"));
  EXPECT_EQ(no_default.status, 1);
  EXPECT_NE(no_default.error.find("scripts/fetch_model"), std::string::npos) << no_default.error;
  EXPECT_NE(no_default.error.find(folder_.file("nowhere")), std::string::npos) << no_default.error;
  write_tiny_model(model_, {.chat_template = false});
  const Outcome no_template = run_program("run " + model_ + " -p hi");
  EXPECT_EQ(no_template.status, 3);
  EXPECT_NE(no_template.error.find("chat template"), std::string::npos) << no_template.error;
}

TEST_F(ModelCommands, CtrlCEndsAGenerationWithItsSummary) {
  const Outcome outcome = run_program("run " + model_ + " -p hi --logit-bias 2=-inf --context 200000", "",
                                      "timeout --foreground --preserve-status -s INT 2");
  EXPECT_EQ(outcome.status, 130);
  EXPECT_NE(outcome.error.find("load "), std::string::npos) << outcome.error;
}

TEST_F(ModelCommands, CtrlCEndsABenchmarkWithinARepetition) {
  for (const char* work : {"-p 200000 -n 0", "-p 0 -n 200000", "-p 0 -n 1 -d 200000"})
    EXPECT_EQ(run_program("bench " + model_ + " " + work, "",
                          "timeout --foreground --preserve-status -k 20 -s INT 2")
                  .status,
              130)
        << work;
}

TEST_F(ModelCommands, BenchOfNothingIsRefused) {
  const Outcome outcome = run_program("bench " + model_ + " -p 0 -n 0");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.error.find("nothing is left to measure"), std::string::npos) << outcome.error;
}

TEST_F(ModelCommands, LogitsWritesTokensAndTheirLogits) {
  const std::string output = folder_.file("logits");
  const Outcome outcome = run_program("logits " + model_ + " --tokens - --output " + output, " 1 261\n5\t");
  ASSERT_EQ(outcome.status, 0) << outcome.error;
  const std::string bytes = read_file(output);
  ASSERT_EQ(bytes.size(), 4 * (2 + 3 + 3 * tiny_vocabulary_size));
  std::vector<int32_t> head(5);
  std::memcpy(head.data(), bytes.data(), 20);
  EXPECT_EQ(head, (std::vector<int32_t>{3, static_cast<int32_t>(tiny_vocabulary_size), 1, 261, 5}));
  // The options change how, not what.
  run_program("logits " + model_ + " --tokens - --output " + output + " --threads 1 --context 64", "1 261 5");
  EXPECT_EQ(read_file(output), bytes);
}

TEST_F(ModelCommands, LogitsLeavesNoHalfAFile) {
  const std::string output = folder_.file("logits");
  EXPECT_EQ(run_program("logits " + model_ + " --tokens - --output " + output, "1 9999").status, 2);
  EXPECT_EQ(run_program("logits " + model_ + " --tokens - --output " + output, "").status, 2);
  EXPECT_EQ(run_program("logits " + model_ + " --tokens - --context 2 --output " + output, "1 2 3").status,
            1);
  EXPECT_EQ(folder_.names(), (std::set<std::string>{"tiny.gguf"}));
}

TEST_F(ModelCommands, LogitsGoToTheTargetOfALinkOrToStandardOutput) {
  const std::string target = folder_.file("target"), link = folder_.file("link");
  std::filesystem::create_symlink("target", link);
  const auto logits_to = [&](const std::string& output) {
    return run_program("logits " + model_ + " --tokens - --output " + output, "1 261");
  };
  for (const char* when : {"the target is new", "the target is old"}) {
    ASSERT_EQ(logits_to(link).status, 0) << when;
    EXPECT_TRUE(std::filesystem::is_symlink(link)) << when;
    EXPECT_FALSE(std::filesystem::is_symlink(target)) << when;
    EXPECT_EQ(folder_.names(), (std::set<std::string>{"tiny.gguf", "target", "link"})) << when;
  }
  const std::string bytes = read_file(target);
  EXPECT_EQ(bytes.size(), 4 * (2 + 2 + 2 * tiny_vocabulary_size));
  EXPECT_EQ(logits_to("-").out, bytes);
  EXPECT_EQ(logits_to("/dev/stdout | cat").status, 0);
  EXPECT_EQ(logits_to("/dev/full").status, 1);
}

TEST_F(ModelCommands, CtrlCEndsAWaitForInput) {
  for (const char* command : {"run", "logits", "perplexity"}) {
    const std::string input = std::string(command) == "run"      ? " -p -"
                              : std::string(command) == "logits" ? " --tokens - --output x.logits"
                                                                 : " -";
    // The pause keeps the input open; `true` takes the redirections.
    const std::string before = "true; sleep 3 | timeout --foreground --preserve-status -s INT 1";
    EXPECT_EQ(run_program(command + (" " + model_) + input, "", before).status, 130) << command;
  }
}

TEST_F(ModelCommands, NumbersAreDecimal) {
  const auto n_tokens = [&](const std::string& arguments) {
    return json::parse(run_program("run " + model_ + " --json -p hi --logit-bias 2=-inf " + arguments).out)
        .at("tokens")
        .size();
  };
  EXPECT_EQ(n_tokens("-n 010"), 10u);
  EXPECT_EQ(n_tokens("-n +3"), 3u);
  for (const char* number : {"0x3", "3.5", "1e2", "''", "-2", "9999999999", "99999999999999999999"})
    EXPECT_EQ(run_program("run " + model_ + " -p hi -n " + number).status, 2) << number;
  EXPECT_EQ(run_program("run " + model_ + " -p hi -n 1 --top-k 0x3").status, 2);
  EXPECT_EQ(run_program("bench " + model_ + " -r 0").status, 2);
}

TEST_F(ModelCommands, SeedsAre64BitsOrFresh) {
  const auto seed = [&](const std::string& arguments) {
    return json::parse(
               run_program("run " + model_ + " --json -p hi -n 1 --temperature 1 --seed " + arguments).out)
        .at("seed")
        .get<uint64_t>();
  };
  EXPECT_EQ(seed("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(seed("007"), 7u);
  EXPECT_NE(seed("-1"), seed("-1"));
  for (const char* number : {"18446744073709551616", "-2", "0x7", "x", "7x", "''"})
    EXPECT_EQ(run_program("run " + model_ + " -p hi -n 1 --seed=" + number).status, 2) << number;
}

TEST_F(ModelCommands, SequenceBreakersEndCountedRepetitions) {
  const auto text = [&](const std::string& arguments) {
    return run_program("run " + model_ + " -p 'hi hi hi hi hi hi' -n 24 --dry-multiplier 9 " + arguments).out;
  };
  const std::string usual = text("");
  EXPECT_EQ(text("--dry-sequence-breaker none"), usual) << "nothing written here is a breaker";
  std::string every_byte;
  for (const char* breaker : {"h", "i", "' '"})
    every_byte += std::string(" --dry-sequence-breaker ") + breaker;
  EXPECT_EQ(run_program("run " + model_ + " -p hi -n 2 --dry-multiplier 9" + every_byte).status, 0);
}

TEST_F(ModelCommands, PerplexityEndsWithItsFigure) {
  const std::string text(200, 'x');
  const Outcome outcome = run_program("perplexity " + model_ + " - --context 64", text);
  ASSERT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_THAT(outcome.out, testing::MatchesRegex("perplexity [0-9.]+ over 93 tokens\n"));
  const json object = json::parse(run_program("perplexity " + model_ + " - --context 64 --json", text).out);
  EXPECT_EQ(object.at("tokens"), 93);  // 3 windows, ids 33 to 63
  EXPECT_EQ(run_program("perplexity " + model_ + " -", "short").status, 2);
}

TEST_F(ModelCommands, BenchTellsRatesAndTheirSharesOfWhatTheMachineCanDo) {
  const Outcome outcome = run_program("bench " + model_ + " -p 32 -n 8 -r 2 -t 1 -d 16 -b 2 --json");
  ASSERT_EQ(outcome.status, 0) << outcome.error;
  const json object = json::parse(outcome.out);
  for (const char* phase : {"prefill", "decode"}) {
    const json& rates = object.at(phase).at("tokens_per_second");
    EXPECT_GT(rates.at("min"), 0.0);
    EXPECT_LE(rates.at("min"), rates.at("median"));
    EXPECT_LE(rates.at("median"), rates.at("max"));
  }
  const double share = object.at("bytes_per_token").get<double>() *
                       object.at("decode").at("tokens_per_second").at("median").get<double>() /
                       (1e9 * object.at("read_bandwidth_gb_per_s").get<double>());
  EXPECT_NEAR(object.at("bandwidth_share"), share, 1e-9 * share);
  // The tiny model is in F32: two layers, and the output matrix for one token of 32.
  const json& macs = object.at("prefill").at("macs_per_token");
  EXPECT_EQ(macs.at("int8"), 0.0);
  EXPECT_EQ(macs.at("f32"), 2 * 64 * (64 + 32 + 32 + 64 + 3 * 96) + 64 * tiny_vocabulary_size / 32.0);
  EXPECT_EQ(object.at("decode").at("macs_per_token").at("f32"),
            2 * 64 * (64 + 32 + 32 + 64 + 3 * 96) + 64 * tiny_vocabulary_size);
  const double limit = 1e9 * object.at("f32_peak_gmac_per_s").get<double>() / macs.at("f32").get<double>();
  const double prefill = object.at("prefill").at("tokens_per_second").at("median");
  EXPECT_NEAR(object.at("prefill_share"), prefill / limit, 1e-9);
  EXPECT_GT(object.at("int8_peak_gmac_per_s"), 0.0);
  EXPECT_EQ(object.at("threads"), 1);
}

TEST_F(ModelCommands, AProfileTellsWhereTheTimeGoes) {
  const std::string arguments = "bench " + model_ + " -p 32 -n 8 -r 1 -t 2 --profile";
  const json object = json::parse(run_program(arguments + " --json").out).at("profile");
  for (const char* phase : {"prefill", "decode"}) {
    std::map<std::string, json> parts;
    double share = 0;
    for (const json& part : object.at(phase).at("parts")) {
      parts[part.at("name")] = part;
      share += part.at("share").get<double>();
      EXPECT_GE(part.at("seconds"), part.at("waiting")) << part;
    }
    EXPECT_NEAR(share, 1, 1e-6) << phase;
    const int n_batches = std::string(phase) == "prefill" ? 1 : 8;
    EXPECT_EQ(parts.at("attention").at("times"), 2 * n_batches) << "two layers";
    EXPECT_EQ(parts.at("logits").at("times"), n_batches);
    EXPECT_EQ(parts.at("sampling").at("times"), n_batches);
    // A layer's products are those of queries, keys and values; of the output; of gate and up; and of down.
    EXPECT_EQ(parts.at("products").at("times"), 2 * 4 * n_batches);
    EXPECT_EQ(parts.at("inputs").at("times"), (2 * 4 + 1) * n_batches);
  }
  const std::string text = run_program(arguments).out;
  EXPECT_NE(text.find("profile of prefill"), std::string::npos) << text;
  EXPECT_NE(text.find("profile of decode"), std::string::npos) << text;
}

TEST_F(ModelCommands, InfoTellsShapesMemoryAndWhatKeepsAModelFromRunning) {
  const json object = json::parse(run_program("info " + model_ + " --json --context 128").out);
  EXPECT_EQ(object.at("shape").at("kv_heads"), 1);
  EXPECT_EQ(object.at("memory").at("kv_cache"),
            128 * 2 * 2 * 32 * 2);  // positions, layers, k and v, width, f16
  EXPECT_FALSE(object.contains("problem"));
  formats::GgufWriter writer;
  writer.set("general.architecture", "abacus");
  writer.add_tensor("beads", {2}, {1, 2});
  writer.write(model_);
  const Outcome unknown = run_program("info " + model_);
  EXPECT_EQ(unknown.status, 3);
  EXPECT_NE(unknown.out.find("beads"), std::string::npos);
  EXPECT_NE(unknown.error.find("abacus"), std::string::npos) << unknown.error;
}

TEST_F(ModelCommands, InfoShowsThePlan) {
  const Outcome text = run_program("info " + model_ + " --plan");
  EXPECT_EQ(text.status, 0) << text.error;
  EXPECT_NE(text.out.find("attention"), std::string::npos) << text.out;
  EXPECT_EQ(run_program("info --plan " + model_).out, text.out);
  const Outcome dot = run_program("info " + model_ + " --plan dot");
  EXPECT_EQ(dot.out.rfind("digraph", 0), 0u) << dot.out;
}

TEST_F(ModelCommands, ChatAnswersEveryLineAndObeysCommands) {
  const std::string saved = folder_.file("chat.json");
  const Outcome outcome =
      run_program("chat " + model_ + " -n 3 --system 'be brief'",
                  "hi\n\n/save " + saved + "\n/reset\n/system\nho\n/help\n/exit\nnot read\n");
  ASSERT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_NE(outcome.out.find("/load FILE"), std::string::npos);
  const json messages = json::parse(read_file(saved));
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].at("role"), "system");
  EXPECT_EQ(messages[0].at("content"), "be brief");
  EXPECT_EQ(messages[1].at("content"), "hi");
  EXPECT_EQ(messages[2].at("role"), "assistant");
}

TEST_F(ModelCommands, ChatGoesOnWithASavedConversation) {
  const std::string first = folder_.file("first.json"), second = folder_.file("second.json");
  write_file(first, R"([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}])");
  EXPECT_EQ(run_program("chat " + model_, "/load " + first + "\n/save " + second + "\n").status, 0);
  EXPECT_EQ(json::parse(read_file(second)), json::parse(read_file(first)));
  for (const char* broken : {"{", "{}", R"([{"role": 1}])", R"(["hi"])"}) {
    write_file(first, broken);
    EXPECT_EQ(run_program("chat " + model_, "/load " + first + "\n").status, 2) << broken;
  }
  EXPECT_EQ(run_program("chat " + model_, "/load\n").status, 2);
  EXPECT_EQ(run_program("chat " + model_, "/nonsense\n").status, 2);
}

/// What `command` gives with and without wgpu-native; `library` is where it is looked for.
Outcome run_with_library(const std::string& command, const std::string& library) {
  return run_program(command, "", "REALIZAR_WGPU_LIBRARY=" + library);
}

TEST_F(ModelCommands, WithoutAGpuAutoComputesOnTheCpuAndGpuSaysWhatIsMissing) {
  const std::string absent = folder_.file("absent.so"), run = "run " + model_ + " -p hi -n 4 ";
  const Outcome automatic = run_with_library(run + "--device auto", absent),
                cpu = run_with_library(run + "--device cpu", absent),
                gpu = run_with_library(run + "--device gpu", absent);
  EXPECT_EQ(automatic.status, 0) << automatic.error;
  EXPECT_EQ(automatic.out, cpu.out);
  EXPECT_EQ(gpu.status, 1);
  EXPECT_NE(gpu.error.find("scripts/fetch_wgpu"), std::string::npos) << gpu.error;
  EXPECT_EQ(run_program(run + "--device tpu").status, 2);
}

TEST_F(ModelCommands, TheSoftwareGpuComputesAboutWhatTheCpuDoes) {
  const std::string logits = "logits " + model_ + " --tokens - --kv f32 --output ";
  const Outcome gpu =
      run_program(logits + folder_.file("gpu") + " --device gpu --gpu software", "1 261 5 7 9");
  if (run_program("devices --json").out.find("\"software\"") == std::string::npos)
    GTEST_SKIP() << "no GPU for tests: " << gpu.error.substr(0, 80);
  ASSERT_EQ(gpu.status, 0) << gpu.error;
  ASSERT_EQ(run_program(logits + folder_.file("cpu") + " --device cpu", "1 261 5 7 9").status, 0);
  const auto numbers = [&](const char* name) {
    const std::string bytes = read_file(folder_.file(name));
    std::vector<float> all((bytes.size() - 4 * (2 + 5)) / 4);
    std::memcpy(all.data(), bytes.data() + 4 * (2 + 5), 4 * all.size());
    return all;
  };
  EXPECT_LT(nmse(numbers("gpu"), numbers("cpu")), 1e-3);
  EXPECT_EQ(run_program("run " + model_ + " -p hi --device gpu --gpu nonesuch").status, 2);
  const json bench =
      json::parse(run_program("bench " + model_ + " -p 8 -n 4 -r 1 --json --device gpu --gpu software").out);
  EXPECT_NE(bench.at("device"), "CPU");
  EXPECT_GT(bench.at("decode").at("tokens_per_second").at("median"), 0.0);
  EXPECT_GT(bench.at("bandwidth_share"), 0.0);
  EXPECT_GT(bench.at("gpu").at("submit_us"), 0.0);
  EXPECT_EQ(bench.at("gpu").at("chooses_tokens"), true);
}

TEST_F(ModelCommands, ASamplerThatAGpuLacksIsNamed) {
  const std::string run = "run " + model_ + " -p hi --raw -n 12 --temperature 0.7 --seed 3 ";
  const std::string gpu = "--device gpu --gpu software ";
  const Outcome outcome = run_program(run + gpu + "--presence-penalty 1");
  if (run_program("devices --json").out.find("\"software\"") == std::string::npos)
    GTEST_SKIP() << "no GPU for tests: " << outcome.error.substr(0, 80);
  const std::string said =
      "realizar: tokens are chosen on the CPU, each after a round trip: the device has no penalties\n";
  EXPECT_EQ(outcome.error.rfind(said, 0), 0u) << outcome.error;
  EXPECT_EQ(run_program(run + gpu).error.rfind("realizar: ", 0), std::string::npos);
  EXPECT_EQ(run_program(run + "--presence-penalty 1").error.rfind("realizar: ", 0), std::string::npos);
  const Outcome chat =
      run_program("chat " + model_ + " -n 3 --temperature 0.7 --presence-penalty 1 " + gpu, "one\ntwo\n");
  EXPECT_EQ(chat.error.find(said), chat.error.rfind(said)) << "once";
  EXPECT_NE(chat.error.find(said), std::string::npos) << chat.error;
}

TEST_F(ModelCommands, AGpuTakesSomeLayersOrNoneAndThePlanShowsItsKernels) {
  const std::string gpu = " --gpu software";
  const Outcome plan = run_program("info " + model_ + " --plan --device gpu" + gpu);
  if (run_program("devices --json").out.find("\"software\"") == std::string::npos)
    GTEST_SKIP() << "no GPU for tests: " << plan.error.substr(0, 80);
  ASSERT_EQ(plan.status, 0) << plan.error;
  EXPECT_THAT(plan.out,
              testing::ContainsRegex(
                  "\n[0-9]+ kernels: [0-9]+ before the layers, [0-9]+ in each of 2, [0-9]+ behind"));
  EXPECT_EQ(run_program("info " + model_ + " --plan dot --device gpu" + gpu).status, 2);

  const std::string bench = "bench " + model_ + " -p 8 -n 2 -r 1 --json" + gpu;
  const Outcome split = run_program(bench + " --device gpu --gpu-layers 1");
  const std::string device = json::parse(split.out).at("device");
  EXPECT_TRUE(device.ends_with(" with 1 of 2 layers")) << device;
  EXPECT_EQ(split.error, "");
  const Outcome full = run_program(bench + " --device auto --gpu-memory 1");
  EXPECT_EQ(json::parse(full.out).at("device"), "CPU");
  EXPECT_EQ(full.error.rfind("realizar: computing on the CPU: a buffer of ", 0), 0u) << full.error;

  const json hybrid = json::parse(run_program("bench --hybrid --json" + gpu).out);
  EXPECT_EQ(hybrid.at("threshold"), 1000);
  EXPECT_EQ(hybrid.at("operations").size(), 3u);
  EXPECT_GT(hybrid.at("operations").at(1).at("sizes").at(3).at("gpu_us"), 0.0);
}

TEST_F(ModelCommands, EveryCommandHasExamples) {
  for (const char* command :
       {"run", "chat", "info", "tokenize", "detokenize", "template", "logits", "perplexity", "bench"}) {
    const Outcome outcome = run_program(std::string(command) + " --help");
    EXPECT_EQ(outcome.status, 0);
    EXPECT_NE(outcome.out.find("Examples:"), std::string::npos) << command;
  }
}

}  // namespace
}  // namespace realizar::test
