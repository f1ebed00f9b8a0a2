#include "support/default_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "realizar/engine.hpp"
#include "realizar/perplexity.hpp"
#include "realizar/version.hpp"
#include "support/binary_reader.hpp"
#include "support/golden.hpp"
#include "support/nmse.hpp"
#include "support/sha256.hpp"

// The default model against what an established engine computes from its weights dequantised to f32.
namespace realizar::test {
namespace {

namespace fs = std::filesystem;

/// Skips what takes minutes with scalar instructions; instruction_sets_test.cpp holds their bits to those of
/// the others.
#define SKIP_WHERE_SCALAR() \
  if (instruction_set() == std::string("scalar")) GTEST_SKIP() << "takes minutes with scalar instructions"

/// How close an arithmetic has to come. Activations in int8 alone cost an NMSE of 3.7e-4 in that engine.
struct Bounds {
  Arithmetic arithmetic;
  double nmse;
  double perplexity;  ///< relative
  double divergence;  ///< mean Kullback-Leibler, nats
  double agreement;   ///< share of tokens whose best successor is the same
  double gap;         ///< between the two best logits, above which they have to agree
};

constexpr Bounds exact{Arithmetic::exact, 1e-6, 0.0005, 1e-4, 0.99, 0.05};
constexpr Bounds fast{Arithmetic::fast, 1e-3, 0.005, 0.01, 0.94, 1.0};

std::string text_of(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

class DefaultModel : public testing::TestWithParam<Bounds> {
 protected:
  GGUFTransformer load(const fs::path& path, LoadOptions options) const {
    options.arithmetic = GetParam().arithmetic;
    return GGUFTransformer::load(path, options);
  }
};

TEST_P(DefaultModel, HasTheLogitsOfTheDequantisedModel) {
  REALIZAR_DEFAULT_MODEL_OR_SKIP(path);
  REALIZAR_GOLDEN_OR_SKIP(golden);
  const RecordedLogits recorded(golden / "smollm2" / "mixed.f32.logits");
  GGUFTransformer model = load(path, {.kv_type = KvType::f32, .n_context = 512});
  const double error = nmse(model.forward(recorded.tokens), recorded.logits);
  RecordProperty("nmse", text_of(error));
  EXPECT_LT(error, GetParam().nmse);
}

TEST_P(DefaultModel, PredictsTheSuccessorsOfTheDequantisedModel) {
  SKIP_WHERE_SCALAR();
  REALIZAR_DEFAULT_MODEL_OR_SKIP(path);
  REALIZAR_GOLDEN_OR_SKIP(golden);
  BinaryReader reader(golden / "smollm2" / "gpl3.top64");
  const auto sizes = reader.read<int32_t>(2);
  const auto n_tokens = static_cast<size_t>(sizes[0]), n_top = static_cast<size_t>(sizes[1]);
  const auto tokens = reader.read<int32_t>(n_tokens);
  const auto log_sums = reader.read<float>(n_tokens);
  const auto top = reader.read<int32_t>(n_tokens * n_top);
  const auto top_logits = reader.read<float>(n_tokens * n_top);

  double divergence = 0;
  size_t n_agree = 0;
  GGUFTransformer model = load(path, {.n_context = 512});
  model.forward(tokens, 0, [&](size_t i, std::span<const float> logits) {
    const auto best = std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit - *best));
    const double log_sum = static_cast<double>(*best) + std::log(sum);
    // The tokens beyond the 64 best count as one.
    double rest = 1, our_rest = 1;
    for (size_t k = 0; k < n_top; ++k) {
      const double log_p = static_cast<double>(top_logits[i * n_top + k] - log_sums[i]);
      const double our_log_p = static_cast<double>(logits[static_cast<size_t>(top[i * n_top + k])]) - log_sum;
      divergence += std::exp(log_p) * (log_p - our_log_p);
      rest -= std::exp(log_p);
      our_rest -= std::exp(our_log_p);
    }
    if (rest > 1e-6 && our_rest > 1e-6) divergence += rest * std::log(rest / our_rest);
    const bool agrees = best - logits.begin() == top[i * n_top];
    n_agree += agrees;
    const float gap = top_logits[i * n_top] - top_logits[i * n_top + 1];
    EXPECT_TRUE(agrees || static_cast<double>(gap) <= GetParam().gap) << "token " << i << ", gap " << gap;
  });
  divergence /= static_cast<double>(n_tokens);
  const double agreement = static_cast<double>(n_agree) / static_cast<double>(n_tokens);
  RecordProperty("mean_divergence", text_of(divergence));
  RecordProperty("top_1_agreement", text_of(agreement));
  EXPECT_LT(divergence, GetParam().divergence);
  EXPECT_GT(agreement, GetParam().agreement);
}

TEST_P(DefaultModel, HasThePerplexityOfTheDequantisedModel) {
  REALIZAR_DEFAULT_MODEL_OR_SKIP(path);
  SKIP_WHERE_SCALAR();
  std::ifstream file("/usr/share/common-licenses/GPL-3", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (sha256(text.data(), text.size()) != "3972dc9744f6499f0f9b2dbf76696f2ae7ad8af9b23dde66d6af86c9dfb36986")
    GTEST_SKIP() << "this system's GPL-3 is not the text whose perplexity is known";
  GGUFTransformer model = load(path, {.n_context = 512});
  const Perplexity result = measure_perplexity(model, model.tokenizer().encode(text), 512);
  constexpr double of_dequantised_model = 18.299;
  RecordProperty("perplexity", text_of(result.value()));
  EXPECT_EQ(result.n_scored, 3570u);
  EXPECT_NEAR(result.value(), of_dequantised_model, of_dequantised_model * GetParam().perplexity);
}

INSTANTIATE_TEST_SUITE_P(Arithmetic, DefaultModel, testing::Values(exact, fast), [](const auto& test) {
  return test.param.arithmetic == Arithmetic::exact ? "Exact" : "Fast";
});

TEST(DefaultModelText, GreedyTextIsThatOfTheDequantisedModel) {
  SKIP_WHERE_SCALAR();
  REALIZAR_DEFAULT_MODEL_OR_SKIP(path);
  REALIZAR_GOLDEN_OR_SKIP(golden);
  std::ifstream file(golden / "smollm2" / "greedy.f32.json");
  Engine engine(GGUFTransformer::load(
      path, {.arithmetic = Arithmetic::exact, .kv_type = KvType::f32, .n_context = 512}));
  for (const auto& recorded : nlohmann::json::parse(file)) {
    const auto text = recorded.at("prompt").get<std::string>();
    SCOPED_TRACE(text);
    const std::vector<int32_t> prompt = engine.model().encode_prompt(text);
    EXPECT_EQ(prompt, recorded.at("prompt_ids").get<std::vector<int32_t>>());
    auto expected = recorded.at("output_ids").get<std::vector<int32_t>>();
    const auto gaps = recorded.at("gaps").get<std::vector<double>>();
    // What follows two tokens that are equally good may differ.
    const auto too_close = std::find_if(gaps.begin(), gaps.end(), [](double gap) { return gap < 0.01; });
    const bool whole = too_close == gaps.end();
    if (!whole) expected.resize(static_cast<size_t>(too_close - gaps.begin()));

    const auto n_expected = static_cast<int32_t>(expected.size());
    const GenerationResult result =
        engine.generate({.prompt = prompt, .sampler = {.temperature = 0}, .max_tokens = n_expected});
    EXPECT_EQ(result.tokens, expected);
    if (whole) {
      EXPECT_EQ(result.text, recorded.at("text").get<std::string>());
    }
  }
}

TEST(DefaultModelText, AQuestionThroughTheChatTemplateIsAnswered) {
  REALIZAR_DEFAULT_MODEL_OR_SKIP(path);
  // The two best first tokens are 0.08 apart: activations in int8 may choose the other one.
  Engine engine(GGUFTransformer::load(path, {.arithmetic = Arithmetic::exact, .n_context = 512}));
  const std::vector<ChatMessage> messages = {{"user", "What is the capital of France?"}};
  const GenerationResult result = engine.generate(
      {.prompt = engine.model().encode_chat(messages), .sampler = {.temperature = 0}, .max_tokens = 60});
  EXPECT_NE(result.text.find("Paris"), std::string::npos) << result.text;
  EXPECT_EQ(result.stop_reason, StopReason::end_of_generation);
}

TEST(DefaultModelBits, DependOnNeitherTheBatchNorTheThreads) {
  SKIP_WHERE_SCALAR();
  REALIZAR_DEFAULT_MODEL_OR_SKIP(path);
  for (const Arithmetic arithmetic : {Arithmetic::exact, Arithmetic::fast}) {
    std::vector<float> first;
    for (const LoadOptions& options :
         {LoadOptions{.n_threads = 1, .n_context = 128, .max_batch_tokens = 128},
          LoadOptions{.n_threads = 2, .n_context = 128, .max_batch_tokens = 7},
          LoadOptions{.n_threads = 3, .n_context = 128, .max_batch_tokens = 1}}) {
      LoadOptions chosen = options;
      chosen.arithmetic = arithmetic;
      GGUFTransformer model = GGUFTransformer::load(path, chosen);
      std::vector<int32_t> tokens;
      for (int32_t i = 0; i < 70; ++i) tokens.push_back(i * 701 % model.n_vocab());
      const std::vector<float> logits = model.forward(tokens);
      if (first.empty()) first = logits;
      EXPECT_TRUE(logits == first) << chosen.n_threads << " threads, batches of " << chosen.max_batch_tokens;
    }
  }
}

}  // namespace
}  // namespace realizar::test
