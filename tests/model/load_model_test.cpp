#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/error.hpp"
#include "fixtures/fixtures.hpp"
#include "formats/gguf.hpp"
#include "model/model.hpp"
#include "support/test_name.hpp"

// What a well-formed GGUF file may still get wrong about its model: one error that names the key or tensor
// and where it stands.
namespace realizar::model {
namespace {

using test::Keys;
using test::Variant;

struct Fault {
  const char* what;
  const char* fixture;
  Variant variant;
  std::vector<std::string> said;  // words of the error
  ErrorKind kind = ErrorKind::invalid_file;
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.what; }

Variant with(Keys keys) { return {.changed_keys = std::move(keys)}; }
Variant without_key(const char* key) { return {.missing_key = key}; }
Variant without_tensor(const char* tensor) { return {.missing_tensor = tensor}; }
Variant halved(const char* tensor) { return {.halved_tensor = tensor}; }

const Fault faults[] = {
    {"UnknownArchitecture",
     "llama",
     with({{"general.architecture", "lama"}}),
     {"general.architecture", "offset", "lama", "known are", "llama", "deepseek2", "smollm3"},
     ErrorKind::unsupported},
    {"NoArchitecture", "llama", without_key("general.architecture"), {"general.architecture"}},
    {"ArchitectureIsNoString",
     "llama",
     with({{"general.architecture", 3u}}),
     {"general.architecture", "offset"}},

    {"NoBlockCount", "llama", without_key("block_count"), {"llama.block_count"}},
    {"BlockCountZero", "llama", with({{"block_count", 0u}}), {"llama.block_count", "offset", "zero"}},
    {"BlockCountNegative", "llama", with({{"block_count", -7}}), {"llama.block_count", "offset", "-7"}},
    {"BlockCountHuge",
     "llama",
     with({{"block_count", 0xfffffffeu}}),
     {"llama.block_count", "offset", "4294967294"}},
    {"BlockCountBeyondTensors", "llama", with({{"block_count", 4u}}), {"blk.3.attn_norm.weight", "missing"}},
    {"BlockCountIsAString", "llama", with({{"block_count", "3"}}), {"llama.block_count", "offset"}},
    {"EmbeddingLengthZero",
     "llama",
     with({{"embedding_length", 0u}}),
     {"llama.embedding_length", "offset", "zero"}},
    {"EmbeddingLengthOther",
     "llama",
     with({{"embedding_length", 144u}}),
     {"token_embd.weight", "offset", "[72, 160]"}},
    {"FeedForwardLengthMissing",
     "llama",
     without_key("feed_forward_length"),
     {"m.gguf", "llama.feed_forward_length", "missing"}},
    {"FeedForwardLengthZero",
     "llama",
     with({{"feed_forward_length", 0u}}),
     {"m.gguf", "llama.feed_forward_length", "offset", "zero"}},
    {"FeedForwardLengthMinusOne",
     "llama",
     with({{"feed_forward_length", -1}}),
     {"m.gguf", "llama.feed_forward_length", "offset", "-1"}},
    {"ExpertsWithoutColumns",
     "llama-experts",
     with({{"expert_feed_forward_length", 0u}, {"feed_forward_length", 0u}}),
     {"m.gguf", "llama.expert_feed_forward_length", "offset", "zero"}},
    {"ClampedProjections",
     "llama",
     with({{"attention.clamp_kqv", 8.0f}}),
     {"m.gguf", "llama.attention.clamp_kqv", "offset"},
     ErrorKind::unsupported},
    {"ScalingByAContextThatIsNotGiven",
     "llama-yarn",
     with({{"context_length", 0u}, {"rope.scaling.original_context_length", 0u}}),
     {"llama.rope.scaling.original_context_length", "offset", "context_length"}},
    {"FeedForwardLengthOther",
     "llama",
     with({{"feed_forward_length", 105u}}),
     {"blk.0.ffn_gate.weight", "105"}},

    {"HeadCountZero",
     "llama",
     with({{"attention.head_count", 0u}}),
     {"llama.attention.head_count", "offset", "zero"}},
    {"NoHeadCount", "llama", without_key("attention.head_count"), {"llama.attention.head_count", "missing"}},
    {"HeadCountOfTooFewLayers",
     "llama",
     with({{"attention.head_count", std::vector<int32_t>{6, 6}}}),
     {"llama.attention.head_count", "offset"}},
    {"HeadCountOfStrings",
     "llama",
     with({{"attention.head_count", std::vector<std::string>{"6", "6", "6"}}}),
     {"llama.attention.head_count", "offset"}},
    {"HeadCountZeroInOneLayer",
     "llama",
     with({{"attention.head_count", std::vector<int32_t>{6, 0, 6}}}),
     {"llama.attention.head_count", "offset", "zero"}},
    {"KeyValueHeadsThatDoNotDivide",
     "llama",
     with({{"attention.head_count_kv", 4u}}),
     {"llama.attention.head_count_kv", "offset", "divide"}},
    {"MoreKeyValueHeadsThanHeads",
     "llama",
     with({{"attention.head_count_kv", 12u}}),
     {"head_count_kv", "offset"}},
    {"HeadsThatDoNotDivideTheEmbedding",
     "llama",
     with({{"attention.head_count", 10u}}),
     {"head_count", "divide"}},
    {"HeadsOfHugeKeys", "llama", with({{"attention.key_length", 0x1000000u}}), {"too wide"}},
    {"MoreRotatedColumnsThanAHeadHas",
     "llama",
     with({{"rope.dimension_count", 14u}}),
     {"rope.dimension_count", "offset"}},
    {"RotatedColumnsOdd", "llama", with({{"rope.dimension_count", 11u}}), {"rope.dimension_count", "even"}},
    {"NoEpsilon",
     "llama",
     without_key("attention.layer_norm_rms_epsilon"),
     {"layer_norm_rms_epsilon", "missing"}},
    {"EpsilonZero",
     "llama",
     with({{"attention.layer_norm_rms_epsilon", 0.0f}}),
     {"layer_norm_rms_epsilon", "offset", "zero"}},
    {"EpsilonMinusOne",
     "gpt2",
     with({{"attention.layer_norm_epsilon", -1.0f}}),
     {"attention.layer_norm_epsilon", "offset", "-1"}},
    {"EpsilonNotFinite",
     "llama",
     with({{"attention.layer_norm_rms_epsilon", std::numeric_limits<float>::quiet_NaN()}}),
     {"layer_norm_rms_epsilon", "offset", "finite"}},
    {"RopeBaseNegative", "llama", with({{"rope.freq_base", -10.0f}}), {"llama.rope.freq_base", "offset"}},
    {"UnknownRopeScaling",
     "llama",
     with({{"rope.scaling.type", "bent"}}),
     {"llama.rope.scaling.type", "offset", "bent", "yarn"},
     ErrorKind::unsupported},
    {"RopeFactorsOfAnotherLength",
     "llama",
     halved("rope_freqs.weight"),
     {"rope_freqs.weight", "offset", "[6]"}},

    {"MoreExpertsThanTensorsHave",
     "llama-experts",
     with({{"expert_count", 8u}}),
     {"ffn_gate_inp.weight", "offset", "8"}},
    {"FewerExpertsThanTensorsHave",
     "llama-experts",
     with({{"expert_count", 4u}}),
     {"ffn_gate_inp.weight", "offset", "4"}},
    {"MoreExpertsUsedThanThereAre",
     "llama-experts",
     with({{"expert_used_count", 7u}}),
     {"llama.expert_used_count", "offset", "7", "6"}},
    {"NoExpertsUsed",
     "llama-experts",
     with({{"expert_used_count", 0u}}),
     {"llama.expert_used_count", "offset", "zero"}},
    {"NoCountOfUsedExperts",
     "llama-experts",
     without_key("expert_used_count"),
     {"expert_used_count", "missing"}},
    {"UsedExpertsOfADenseModel",
     "llama",
     with({{"expert_used_count", 2u}}),
     {"llama.expert_used_count", "offset"}},
    {"ExpertTensorsOfADenseModel",
     "llama-experts",
     with({{"expert_count", 0u}, {"expert_used_count", 0u}}),
     {"blk.0.ffn_gate.weight", "missing"}},
    {"ExpertMatrixMisshapen",
     "llama-experts",
     halved("blk.1.ffn_up_exps.weight"),
     {"blk.1.ffn_up_exps.weight", "offset"}},
    {"UnknownExpertGating",
     "llama-experts",
     with({{"expert_gating_func", 9u}}),
     {"expert_gating_func", "offset", "9"},
     ErrorKind::unsupported},
    {"GroupsThatDoNotDivideTheExperts",
     "deepseek2-query-lora",
     with({{"expert_group_count", 3u}}),
     {"deepseek2.expert_group_count", "offset"}},
    {"MoreGroupsUsedThanThereAre",
     "deepseek2-query-lora",
     with({{"expert_group_used_count", 5u}}),
     {"deepseek2.expert_group_used_count", "offset"}},

    {"VocabularySmallerThanTheEmbedding",
     "llama",
     with({{"tokenizer.ggml.tokens", std::vector<std::string>(159, "a")}}),
     {"token_embd.weight", "offset", "160", "159"}},
    {"VocabularyLargerThanTheEmbedding",
     "llama",
     with({{"tokenizer.ggml.tokens", std::vector<std::string>(161, "a")}}),
     {"token_embd.weight", "offset", "160", "161"}},
    {"VocabularySizeOther", "llama", with({{"vocab_size", 161u}}), {"llama.vocab_size", "offset", "160"}},
    {"OutputMisshapen",
     "llama",
     halved("output.weight"),
     {"output.weight", "offset", "[36, 160]", "[72, 160]"}},
    {"NoEmbedding", "llama", without_tensor("token_embd.weight"), {"token_embd.weight", "missing"}},

    {"NoLatentWidth",
     "deepseek2-lite",
     with({{"attention.kv_lora_rank", 0u}}),
     {"m.gguf", "deepseek2.attention.kv_lora_rank", "offset", "zero"}},
    {"RotationOfTheWholeHead",
     "deepseek2-lite",
     with({{"rope.dimension_count", 24u}}),
     {"m.gguf", "deepseek2.rope.dimension_count", "offset"}},
    {"NoQueryLora",
     "deepseek2-query-lora",
     with({{"attention.q_lora_rank", 0u}}),
     {"blk.0.attn_q_a.weight", "offset"}},
    {"FlagsOfTooFewLayers",
     "gemma3",
     with({{"attention.sliding_window_pattern", std::vector<int32_t>{1, 0}}}),
     {"gemma3.attention.sliding_window_pattern", "offset"}},
};

class FaultyModel : public testing::TestWithParam<Fault> {};

TEST_P(FaultyModel, IsRefusedInOneSentence) {
  const std::vector<std::byte> bytes =
      write_fixture(test::fixture_named(GetParam().fixture), GetParam().variant);
  const auto start = std::chrono::steady_clock::now();
  try {
    load_model(formats::Gguf(bytes, "m.gguf"));
    FAIL() << "it was loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), GetParam().kind) << error.what();
    for (const std::string& word : GetParam().said)
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos)
          << word << " is not in: " << error.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

INSTANTIATE_TEST_SUITE_P(All, FaultyModel, testing::ValuesIn(faults),
                         [](const auto& fault) { return std::string(fault.param.what); });

class FamilyModel : public testing::TestWithParam<std::string> {};

/// Tensors that a file may lack.
bool is_optional(const std::string& tensor, const std::string& family) {
  // StableLM 2 12B has no second norm.
  if (family.starts_with("stablelm") && tensor.find("ffn_norm") != std::string::npos) return true;
  for (const char* part : {"rope_freqs", "rope_factors", "output.weight", "attn_sinks", "token_embd_norm",
                           "attn_norm_2", "position_embd", "_shexp", "attn_q_norm", "attn_k_norm"})
    if (tensor.find(part) != std::string::npos) return true;
  return false;
}

/// Layers from the third on have the tensors of the first two.
bool is_late(const std::string& tensor) {
  return tensor.starts_with("blk.") && !tensor.starts_with("blk.0.") && !tensor.starts_with("blk.1.");
}

TEST_P(FamilyModel, NeedsItsTensorsInTheirShapes) {
  const test::Fixture& fixture = test::fixture_named(GetParam());
  const std::vector<std::byte> bytes = write_fixture(fixture);
  const formats::Gguf file(bytes);
  EXPECT_NO_THROW(load_model(file));
  for (const formats::TensorInfo& tensor : file.tensors()) {
    const std::string name(tensor.name);
    if (!name.ends_with(".weight") || is_late(name) || tensor.shape[0] % 2 != 0) continue;
    const bool is_choice = name.starts_with("rope_factors_");  // one of the two is read
    for (const Variant& variant : {without_tensor(name.c_str()), halved(name.c_str())}) {
      if (variant.halved_tensor.empty() ? is_optional(name, GetParam()) : is_choice) continue;
      const std::vector<std::byte> faulty = write_fixture(fixture, variant);
      try {
        load_model(formats::Gguf(faulty));
        ADD_FAILURE() << "loaded with " << name << (variant.halved_tensor.empty() ? " missing" : " halved");
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid_file) << error.what();
        EXPECT_NE(std::string(error.what()).find('\''), std::string::npos) << error.what();
      }
    }
  }
}

std::vector<std::string> family_names() {
  std::vector<std::string> names;
  for (const test::Fixture& fixture : test::fixtures())
    if (fixture.kind == test::FixtureKind::family && fixture.name != "deepseek2-expanded")
      names.push_back(fixture.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, FamilyModel, testing::ValuesIn(family_names()),
                         [](const auto& family) { return test::test_name(family.param); });

TEST(LoadModel, TakesZeroMinusOneAndNothingAsTheDefault) {
  const test::Fixture& fixture = test::fixture_named("llama");
  const std::vector<std::byte> bytes = write_fixture(fixture);
  const Hyperparameters plain = load_model(formats::Gguf(bytes)).hyperparameters;
  const std::vector<std::byte> spelled_out =
      write_fixture(fixture, with({{"expert_count", 0u},
                                   {"expert_used_count", 0u},
                                   {"vocab_size", -1},
                                   {"attention.key_length", 0u},
                                   {"attention.value_length", 0xffffffffu},
                                   {"attention.sliding_window", -1},
                                   {"attention.scale", 0.0f},
                                   {"logit_scale", 0.0f},
                                   {"attention.clamp_kqv", 0.0f},
                                   {"rope.scaling.factor", 0.0f},
                                   {"rope.scaling.yarn_ext_factor", -1.0f},
                                   {"rope.dimension_count", 0u},
                                   {"pooling_type", 0xffffffffu}}));
  const Hyperparameters same = load_model(formats::Gguf(spelled_out)).hyperparameters;
  EXPECT_EQ(same.key_dim, plain.key_dim);
  EXPECT_EQ(same.value_dim, plain.value_dim);
  EXPECT_EQ(same.n_experts, 0);
  EXPECT_EQ(same.window, 0);
  EXPECT_EQ(same.n_rot, plain.n_rot);
  EXPECT_EQ(same.rope_scaling.factor, 1);
  EXPECT_EQ(same.rope_scaling.extrapolation, plain.rope_scaling.extrapolation);
}

TEST(LoadModel, NeedsNoLengthOfContext) {
  for (const Variant& variant :
       {without_key("context_length"), with({{"context_length", 0u}}), with({{"context_length", -1}})}) {
    const std::vector<std::byte> rotated = write_fixture(test::fixture_named("llama"), variant);
    EXPECT_EQ(load_model(formats::Gguf(rotated)).hyperparameters.n_context, 0);
    // Learned positions are as many as their table has rows.
    const std::vector<std::byte> learned = write_fixture(test::fixture_named("gpt2"), variant);
    EXPECT_EQ(load_model(formats::Gguf(learned)).hyperparameters.n_context, 512);
  }
}

TEST(LoadModel, NamesTheTensorOfAFactorOfZero) {
  Variant variant;
  variant.zeroed = "rope_freqs.weight";
  const std::vector<std::byte> bytes = write_fixture(test::fixture_named("llama"), variant);
  try {
    load_model(formats::Gguf(bytes, "m.gguf"));
    FAIL() << "it was loaded";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("m.gguf: tensor 'rope_freqs.weight' at offset"),
              std::string::npos)
        << error.what();
  }
}

TEST(LoadModel, ScalesTheGateOfSharedExpertsAsAnyProduct) {
  Variant variant;
  variant.scaled = "blk.0.ffn_gate_inp_shexp";
  const std::vector<std::byte> bytes = write_fixture(test::fixture_named("qwen2moe"), variant);
  const fusion::Plan plan = load_model(formats::Gguf(bytes)).plan;
  int n_scaled = 0;
  for (const fusion::Op& op : plan.ops)
    if (const auto* linear = std::get_if<fusion::Linear>(&op); linear && linear->scale)
      n_scaled += plan.weight(linear->scale).name == "blk.0.ffn_gate_inp_shexp.scale";
  EXPECT_EQ(n_scaled, 1);
}

TEST(LoadModel, NeedsNoVocabulary) {
  const std::vector<std::byte> bytes = write_fixture(test::fixture_named("qwen3"), without_key("vocab_size"));
  EXPECT_EQ(load_model(formats::Gguf(bytes)).plan.n_vocab, 160);
}

}  // namespace
}  // namespace realizar::model
