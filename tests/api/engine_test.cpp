#include "realizar/engine.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "api/support.hpp"

namespace realizar::test {
namespace {

Engine make_engine(const LoadOptions& options = {}) { return Engine(std::move(*FakeModel(options).model)); }

GenerationRequest request(std::vector<int32_t> prompt, int32_t max_tokens, uint64_t seed = 1) {
  return {.prompt = std::move(prompt), .sampler = {.seed = seed}, .max_tokens = max_tokens};
}

TEST(Engine, GreedyGenerationFollowsPredictNext) {
  FakeModel fake;
  std::vector<int32_t> tokens = some_tokens(20);
  const std::vector<int32_t> prompt = tokens;
  for (int i = 0; i < 30; ++i) tokens.push_back(fake.model->predict_next(tokens));
  Engine engine(std::move(*fake.model));
  GenerationRequest greedy = request(prompt, 30);
  greedy.sampler.temperature = 0;
  const GenerationResult result = engine.generate(greedy);
  const std::vector<int32_t> expected(tokens.begin() + 20, tokens.end());
  EXPECT_EQ(std::vector<int32_t>(expected.begin(),
                                 expected.begin() + static_cast<std::ptrdiff_t>(result.tokens.size())),
            result.tokens);
}

TEST(Engine, StreamsYieldTogetherWhatTheyYieldAlone) {
  Engine together = make_engine({.n_streams = 4});
  std::vector<GenerationStream> streams;
  for (uint64_t seed = 0; seed < 6; ++seed)
    streams.push_back(
        together.submit(request(some_tokens(10 + seed * 20, static_cast<int32_t>(seed)), 40, seed)));
  while (together.step()) {}
  for (uint64_t seed = 0; seed < 6; ++seed) {
    Engine alone = make_engine();
    const GenerationResult expected =
        alone.generate(request(some_tokens(10 + seed * 20, static_cast<int32_t>(seed)), 40, seed));
    ASSERT_TRUE(streams[seed].done());
    EXPECT_EQ(streams[seed].result().tokens, expected.tokens);
    EXPECT_EQ(streams[seed].result().text, expected.text);
  }
}

TEST(Engine, TextArrivesInPiecesOfWholeCharacters) {
  Engine engine = make_engine();
  std::string text;
  GenerationRequest r = request(some_tokens(10), 200);
  r.on_text = [&](std::string_view piece) {
    // No piece ends within a character: its last byte is ASCII or continues one that is complete.
    EXPECT_TRUE(piece.empty() || static_cast<unsigned char>(piece.back()) < 0xc0);
    text += piece;
    return true;
  };
  EXPECT_EQ(engine.generate(r).text, text);
  EXPECT_FALSE(text.empty());
}

TEST(Engine, ACallbackOrAnotherThreadCancels) {
  Engine engine = make_engine();
  GenerationRequest r = request(some_tokens(10), 200);
  int n_calls = 0;
  r.on_text = [&](std::string_view) { return ++n_calls < 3; };
  const GenerationResult result = engine.generate(r);
  EXPECT_EQ(result.stop_reason, StopReason::cancelled);
  EXPECT_EQ(result.tokens.size(), 3u);
  GenerationStream stream = engine.submit(request(some_tokens(10), 200));
  stream.cancel();
  EXPECT_EQ(engine.wait(stream).stop_reason, StopReason::cancelled);
}

TEST(Engine, AFailureEndsItsGenerationAlone) {
  Engine engine = make_engine({.n_streams = 2});
  GenerationRequest bad = request(some_tokens(10), 20);
  bad.on_text = [](std::string_view) -> bool { throw std::runtime_error("no"); };
  const GenerationStream failing = engine.submit(bad);
  const GenerationStream fine = engine.submit(request(some_tokens(10), 20));
  EXPECT_THROW(engine.wait(failing), std::runtime_error);
  EXPECT_EQ(engine.wait(fine).tokens.empty(), false);
}

TEST(Engine, StopsAtAStringThatIsNotShown) {
  Engine engine = make_engine();
  const GenerationResult whole = engine.generate(request(some_tokens(10), 60));
  ASSERT_GT(whole.text.size(), 10u);
  GenerationRequest r = request(some_tokens(10), 60);
  // A character of its own, so that it begins at a border of characters.
  const auto ascii = std::find_if(whole.text.begin(), whole.text.end(), [](char c) { return c > 0; });
  ASSERT_NE(ascii, whole.text.end());
  r.stop = {std::string(1, *ascii)};
  const GenerationResult result = engine.generate(r);
  EXPECT_EQ(result.stop_reason, StopReason::stop_string);
  EXPECT_EQ(result.text, std::string(whole.text.begin(), ascii));
}

TEST(Engine, TakesTheCacheOverFromAModelThatWasUsedBefore) {
  FakeModel fake({.n_context = 128});
  fake.model->forward(some_tokens(128));
  Engine engine(std::move(*fake.model));
  EXPECT_EQ(engine.generate(request(some_tokens(100, 5), -1)).n_prompt, 100u);
}

TEST(Engine, RefusesWhatCannotBeGenerated) {
  Engine engine = make_engine({.n_context = 64});
  EXPECT_EQ(error_of([&] { engine.submit(request({}, 1)); }), ErrorKind::invalid_argument);
  EXPECT_EQ(error_of([&] { engine.submit(request({-5}, 1)); }), ErrorKind::invalid_argument);
  EXPECT_EQ(error_of([&] { engine.submit(request(some_tokens(65), 1)); }), ErrorKind::limit_exceeded);
}

}  // namespace
}  // namespace realizar::test
