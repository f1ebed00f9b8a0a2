#include <gtest/gtest.h>

#include <algorithm>

#include "api/support.hpp"
#include "realizar/engine.hpp"

// What docs/reproducibility.md promises to programs, from the file to logits and texts, on the CPU.
// tests/model/bits_test.cpp has every family and block format.
namespace realizar::test {
namespace {

class ApiBits : public testing::Test {
 protected:
  void SetUp() override { write_tiny_model(path_); }
  GGUFTransformer load(const LoadOptions& options = {}) const {
    return GGUFTransformer::load(path_, options);
  }
  Engine engine(const LoadOptions& options = {}) const { return Engine(load(options)); }

 private:
  TemporaryFolder folder_;
  std::string path_ = folder_.file("tiny.gguf");
};

/// A text that is sampled, each with a prompt, a length and a seed of its own.
GenerationRequest request(uint64_t salt) {
  return {.prompt = some_tokens(5 + salt * 13 % 90, static_cast<int32_t>(salt)),
          .sampler = {.seed = salt, .temperature = 1.5f},
          .max_tokens = static_cast<int32_t>(10 + salt % 20)};
}

void expect_same(const GenerationResult& actual, const GenerationResult& expected) {
  EXPECT_EQ(actual.tokens, expected.tokens);
  EXPECT_EQ(actual.text, expected.text);
}

TEST_F(ApiBits, LogitsDependNeitherOnBatchesNorOnThreadsNorOnWhatWasComputedBefore) {
  const std::vector<int32_t> tokens = some_tokens(150);
  std::vector<int32_t> other = tokens;
  std::fill(other.begin() + 100, other.end(), 7);
  for (const Arithmetic arithmetic : {Arithmetic::exact, Arithmetic::fast})
    for (const KvType kv_type : {KvType::f16, KvType::f32, KvType::q8_0}) {
      LoadOptions options{.n_threads = 1, .arithmetic = arithmetic, .kv_type = kv_type};
      const std::vector<float> expected = load(options).forward(tokens);
      options.n_threads = 2;
      for (const int max_batch_tokens : {1, 7, 64, 512}) {
        options.max_batch_tokens = max_batch_tokens;
        GGUFTransformer model = load(options);
        EXPECT_EQ(model.forward(tokens), expected) << "batches of " << max_batch_tokens;
        model.forward(other);
        EXPECT_EQ(model.forward(tokens), expected) << "after a sequence that begins alike";
      }
    }
}

TEST_F(ApiBits, StreamsYieldTogetherWhatTheyYieldAlone) {
  Engine alone = engine({.n_threads = 1});
  std::vector<GenerationResult> expected;
  for (uint64_t salt = 0; salt < 33; ++salt) expected.push_back(alone.generate(request(salt)));
  for (const int n_streams : {2, 7, 16, 33}) {
    Engine together = engine({.n_threads = 2, .n_streams = n_streams, .max_batch_tokens = 50});
    std::vector<GenerationStream> streams;
    for (uint64_t salt = 0; salt < static_cast<uint64_t>(n_streams); ++salt)
      streams.push_back(together.submit(request(salt)));
    while (together.step()) {}
    for (size_t i = 0; i < streams.size(); ++i) {
      SCOPED_TRACE(testing::Message() << "stream " << i << " of " << n_streams);
      expect_same(streams[i].result(), expected[i]);
    }
  }
}

TEST_F(ApiBits, AFollowUpPromptYieldsFromTheCacheWhatItYieldsWithout) {
  Engine used = engine();
  GenerationRequest follow_up = request(6);
  follow_up.prompt = some_tokens(130);
  used.generate(follow_up);
  follow_up.prompt.resize(150, 9);
  const GenerationResult from_cache = used.generate(follow_up);
  EXPECT_EQ(from_cache.n_reused, 128u);
  expect_same(from_cache, engine().generate(follow_up));
}

}  // namespace
}  // namespace realizar::test
