#include "model/scheduler.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <numeric>
#include <stdexcept>

#include "model/fake_device.hpp"
#include "realizar/error.hpp"

namespace realizar::model {
namespace {

constexpr int32_t n_vocab = 40;

struct Bench {
  explicit Bench(size_t max_batch_tokens = 512, size_t n_context = 512, int32_t n_pages = 32,
                 std::function<bool(int32_t)> ends = {}, bool device_chooses = false)
      : device(n_vocab, static_cast<size_t>(n_pages), device_chooses),
        pages(n_pages),
        scheduler(device, pages,
                  {.n_vocab = n_vocab,
                   .n_context = n_context,
                   .max_batch_tokens = max_batch_tokens,
                   .ends_generation = std::move(ends),
                   .new_decoder = [this] { return decoder; }}) {}

  GenerationResult generate(GenerationRequest request) {
    return scheduler.finish(*scheduler.submit(std::move(request)));
  }

  FakeDevice device;
  KvPages pages;
  TextDecoder decoder = {.push = [](int32_t token) { return std::string(1, static_cast<char>('A' + token)); },
                         .finish = {}};
  Scheduler scheduler;
};

GenerationRequest request(std::vector<int32_t> prompt, int32_t max_tokens, uint64_t seed = 1) {
  GenerationRequest r;
  r.prompt = std::move(prompt);
  r.max_tokens = max_tokens;
  r.sampler.seed = seed;
  return r;
}

std::vector<int32_t> prompt_of(size_t n, int32_t salt = 0) {
  std::vector<int32_t> prompt(n);
  for (size_t i = 0; i < n; ++i)
    prompt[i] = static_cast<int32_t>((i * 7 + static_cast<size_t>(salt)) % n_vocab);
  return prompt;
}

TEST(Scheduler, GeneratesUntilMaxTokens) {
  Bench bench;
  std::string shown;
  GenerationRequest r = request(prompt_of(10), 5);
  r.on_text = [&](std::string_view piece) {
    shown += piece;
    return true;
  };
  const GenerationResult result = bench.generate(r);
  EXPECT_EQ(result.stop_reason, StopReason::max_tokens);
  EXPECT_EQ(result.tokens.size(), 5u);
  EXPECT_EQ(result.text.size(), 5u);
  EXPECT_EQ(result.text, shown);
  EXPECT_EQ(result.seed, 1u);
  EXPECT_EQ(bench.device.n_batches, 5u);
  EXPECT_EQ(bench.pages.n_available(), bench.pages.n_pages());
}

TEST(Scheduler, MaxTokensZeroRunsNothing) {
  Bench bench;
  EXPECT_EQ(bench.generate(request({1}, 0)).stop_reason, StopReason::max_tokens);
  EXPECT_EQ(bench.device.n_batches, 0u);
}

TEST(Scheduler, StopsAtATokenThatEndsTheGeneration) {
  Bench free_run;
  const auto tokens = free_run.generate(request(prompt_of(10), 8)).tokens;
  Bench bench(512, 512, 32, [&](int32_t token) { return token == tokens[3]; });
  const auto first = std::find(tokens.begin(), tokens.end(), tokens[3]) - tokens.begin();
  const GenerationResult result = bench.generate(request(prompt_of(10), 8));
  EXPECT_EQ(result.stop_reason, StopReason::end_of_generation);
  EXPECT_EQ(result.tokens.size(), static_cast<size_t>(first) + 1);
  EXPECT_EQ(result.text.size(), static_cast<size_t>(first)) << "its text is not shown";
}

TEST(Scheduler, StopsAtAStopStringAndShowsNoPartOfIt) {
  Bench bench;
  const std::string text = bench.generate(request(prompt_of(10), 12)).text;
  GenerationRequest r = request(prompt_of(10), 12);
  r.stop = {text.substr(4, 3)};
  std::string shown;
  r.on_text = [&](std::string_view piece) {
    shown += piece;
    return true;
  };
  const GenerationResult result = bench.generate(r);
  EXPECT_EQ(result.stop_reason, StopReason::stop_string);
  EXPECT_EQ(shown, text.substr(0, text.find(r.stop[0])));
}

TEST(Scheduler, ShowsAtTheEndWhatWasHeldBack) {
  Bench bench;
  const std::string text = bench.generate(request(prompt_of(10), 6)).text;
  GenerationRequest r = request(prompt_of(10), 6);
  r.stop = {text.substr(5) + "?"};
  bench.decoder.finish = [] { return std::string("."); };
  EXPECT_EQ(bench.generate(r).text, text + ".");
}

TEST(Scheduler, StopsWhenTheContextIsFull) {
  Bench bench(512, 64);
  const GenerationResult result = bench.generate(request(prompt_of(60), -1));
  EXPECT_EQ(result.stop_reason, StopReason::context_full);
  EXPECT_EQ(result.tokens.size(), 5u) << "four more have a place, and the fifth is known";
  EXPECT_EQ(bench.generate(request(prompt_of(64), -1)).tokens.size(), 1u);
}

TEST(Scheduler, ACallbackCancelsAfterATokenAndBetweenPartsOfThePrompt) {
  Bench bench(16);
  GenerationRequest r = request(prompt_of(40), 10);
  int calls = 0;
  r.on_text = [&](std::string_view) { return ++calls < 3; };
  GenerationResult result = bench.generate(r);
  EXPECT_EQ(result.stop_reason, StopReason::cancelled);
  EXPECT_EQ(result.tokens.size(), 3u);

  std::vector<size_t> done;
  r = request(prompt_of(40, 5), 10);
  r.on_prefill = [&](size_t n, size_t total) {
    EXPECT_EQ(total, 40u);
    done.push_back(n);
    return n < 32;
  };
  result = bench.generate(r);
  EXPECT_EQ(result.stop_reason, StopReason::cancelled);
  EXPECT_TRUE(result.tokens.empty());
  EXPECT_EQ(done, (std::vector<size_t>{16, 32}));
  EXPECT_EQ(bench.pages.n_available(), bench.pages.n_pages());
}

TEST(Scheduler, AGenerationCanBeCancelledWhileItWaitsOrRuns) {
  Bench bench(512, 128, 2);  // room for one at a time
  const auto a = bench.scheduler.submit(request(prompt_of(10), -1));
  const auto b = bench.scheduler.submit(request(prompt_of(10), -1));
  bench.scheduler.step();
  b->cancel();
  bench.scheduler.step();
  EXPECT_TRUE(b->done());
  EXPECT_EQ(b->result().stop_reason, StopReason::cancelled);
  EXPECT_FALSE(a->done());
  a->cancel();
  EXPECT_FALSE(bench.scheduler.step());
  EXPECT_EQ(a->result().tokens.size(), 2u);
}

TEST(Scheduler, RefusesWhatCannotRun) {
  Bench bench(512, 64);
  EXPECT_THROW(bench.scheduler.submit(request({}, 1)), Error);
  EXPECT_THROW(bench.scheduler.submit(request({n_vocab}, 1)), Error);
  EXPECT_THROW(bench.scheduler.submit(request({-1}, 1)), Error);
  EXPECT_THROW(bench.scheduler.submit(request(prompt_of(65), 1)), Error);
  EXPECT_THROW(bench.scheduler.submit(request({1}, -2)), Error);
  GenerationRequest r = request({1}, 1);
  r.sampler.top_p = 7;
  EXPECT_THROW(bench.scheduler.submit(r), Error);
}

TEST(Scheduler, AFollowUpPromptReusesTheCacheAndGivesTheSame) {
  Bench bench;
  const GenerationResult first = bench.generate(request(prompt_of(150), 60));
  EXPECT_EQ(first.n_reused, 0u);
  std::vector<int32_t> follow_up = prompt_of(150);
  follow_up.insert(follow_up.end(), first.tokens.begin(), first.tokens.end());
  follow_up.push_back(3);
  const GenerationResult second = bench.generate(request(follow_up, 20));
  EXPECT_EQ(second.n_reused, 192u);
  Bench fresh;
  EXPECT_EQ(fresh.generate(request(follow_up, 20)).tokens, second.tokens);
}

TEST(Scheduler, ManyRunInOneBatch) {
  Bench bench;
  std::vector<std::shared_ptr<Generation>> all;
  for (int32_t i = 0; i < 4; ++i) all.push_back(bench.scheduler.submit(request(prompt_of(10, i), 8)));
  while (bench.scheduler.step()) {}
  EXPECT_EQ(bench.device.n_batches, 8u);
  for (const auto& generation : all) EXPECT_EQ(generation->result().tokens.size(), 8u);
}

/// The promise of the whole layer: a generation's tokens depend on its request alone.
TEST(Scheduler, WhatAGenerationYieldsDoesNotDependOnItsCompany) {
  EXPECT_TRUE(rc::check([] {
    Bench shared(*rc::gen::inRange<size_t>(1, 100), 256, *rc::gen::inRange(4, 24));
    std::vector<GenerationRequest> requests;
    std::vector<std::shared_ptr<Generation>> generations;
    const int n = *rc::gen::inRange(1, 7);
    for (int i = 0; i < n; ++i) {
      auto r = request(prompt_of(*rc::gen::inRange<size_t>(1, 200), *rc::gen::inRange(0, 2)),
                       *rc::gen::inRange(1, 30), *rc::gen::inRange<uint64_t>(0, 3));
      requests.push_back(r);
      generations.push_back(shared.scheduler.submit(r));
      for (int steps = *rc::gen::inRange(0, 10); steps > 0; --steps) shared.scheduler.step();
    }
    while (shared.scheduler.step()) {}
    for (size_t i = 0; i < requests.size(); ++i) {
      Bench alone;
      RC_ASSERT(generations[i]->done());
      RC_ASSERT(generations[i]->result().tokens == alone.generate(requests[i]).tokens);
    }
    RC_ASSERT(shared.pages.n_available() == shared.pages.n_pages());
  }));
}

// A device that chooses tokens, with batches started ahead.

struct ChoosingBench : Bench {
  explicit ChoosingBench(size_t max_batch_tokens = 512, size_t n_context = 512, int32_t n_pages = 32,
                         std::function<bool(int32_t)> ends = {})
      : Bench(max_batch_tokens, n_context, n_pages, std::move(ends), true) {}
};

TEST(SchedulerAhead, StartsBatchesBeforeTheTokensOfEarlierOnesAreRead) {
  ChoosingBench bench;
  EXPECT_EQ(bench.generate(request(prompt_of(10), 9)).tokens,
            Bench().generate(request(prompt_of(10), 9)).tokens);
  EXPECT_EQ(bench.device.most_started, Scheduler::most_ahead + 1);
  EXPECT_EQ(bench.device.n_batches, 9u) << "none beyond the last token";
}

TEST(SchedulerAhead, NothingStaysOfWhatRanBehindAnEnd) {
  const auto tokens = Bench().generate(request(prompt_of(60), 8)).tokens;
  const auto ends = [&](int32_t token) { return token == tokens[3]; };
  ChoosingBench bench(512, 512, 32, ends);
  const GenerationResult first = bench.generate(request(prompt_of(60), 20));
  EXPECT_EQ(first.stop_reason, StopReason::end_of_generation);
  EXPECT_EQ(bench.pages.n_available(), bench.pages.n_pages());
  std::vector<int32_t> follow_up = prompt_of(60);
  follow_up.insert(follow_up.end(), first.tokens.begin(), first.tokens.end());
  follow_up.resize(150, 3);
  EXPECT_EQ(bench.generate(request(follow_up, 20)).tokens,
            Bench(512, 512, 32, ends).generate(request(follow_up, 20)).tokens);
}

TEST(SchedulerAhead, StopsWhereTheContextIsFull) {
  ChoosingBench bench(512, 64);
  EXPECT_EQ(bench.generate(request(prompt_of(60), -1)).tokens,
            Bench(512, 64).generate(request(prompt_of(60), -1)).tokens);
}

TEST(SchedulerAhead, ASamplerThatTheDeviceLacksHasItsLogitsBeforeTheNextBatch) {
  ChoosingBench bench;
  GenerationRequest r = request(prompt_of(10), 12);
  r.sampler.repeat_penalty = 1.3f;
  const auto other = bench.scheduler.submit(request(prompt_of(20, 1), 12));
  EXPECT_EQ(bench.generate(r).tokens, Bench().generate(r).tokens);
  EXPECT_EQ(bench.scheduler.finish(*other).tokens, Bench().generate(request(prompt_of(20, 1), 12)).tokens);
  EXPECT_EQ(bench.device.most_started, 1u);
}

TEST(SchedulerAhead, WhatCannotBeChosenIsTheSamplersError) {
  for (const int32_t token : {fusion::all_ruled_out, -1 - 7}) {
    ChoosingBench bench;
    bench.device.next_token = token;
    const auto generation = bench.scheduler.submit(request({1}, 1));
    bench.scheduler.step();
    while (bench.scheduler.step()) {}
    EXPECT_THROW(generation->result(), Error);
  }
}

/// Whatever the batches, the room and the company.
TEST(SchedulerAhead, YieldsWhatADeviceWithoutChoicesYields) {
  EXPECT_TRUE(rc::check([] {
    ChoosingBench shared(*rc::gen::inRange<size_t>(1, 20), 256, *rc::gen::inRange(4, 24),
                         [](int32_t token) { return token == 17; });
    std::vector<GenerationRequest> requests;
    std::vector<std::shared_ptr<Generation>> generations;
    const int n = *rc::gen::inRange(1, 7);
    for (int i = 0; i < n; ++i) {
      auto r = request(prompt_of(*rc::gen::inRange<size_t>(1, 200), *rc::gen::inRange(0, 2)),
                       *rc::gen::inRange(1, 80), *rc::gen::inRange<uint64_t>(0, 3));
      if (*rc::gen::inRange(0, 4) == 0) r.sampler.presence_penalty = 1;
      if (*rc::gen::inRange(0, 4) == 0) r.sampler.temperature = 0;
      requests.push_back(r);
      generations.push_back(shared.scheduler.submit(r));
      for (int steps = *rc::gen::inRange(0, 10); steps > 0; --steps) shared.scheduler.step();
    }
    while (shared.scheduler.step()) {}
    for (size_t i = 0; i < requests.size(); ++i) {
      Bench alone(512, 512, 32, [](int32_t token) { return token == 17; });
      RC_ASSERT(generations[i]->done());
      RC_ASSERT(generations[i]->result().tokens == alone.generate(requests[i]).tokens);
    }
    RC_ASSERT(shared.pages.n_available() == shared.pages.n_pages());
  }));
}

TEST(Scheduler, ADeviceThatFailsEndsThoseInTheBatchWithItsError) {
  Bench bench;
  const auto a = bench.scheduler.submit(request({1}, 5));
  bench.device.fail_next = true;
  bench.scheduler.step();
  EXPECT_TRUE(a->done());
  EXPECT_THROW(a->result(), Error);
  EXPECT_EQ(bench.generate(request({1}, 5)).tokens.size(), 5u);
}

TEST(Scheduler, ACallbackThatThrowsEndsItsGenerationAlone) {
  Bench bench;
  GenerationRequest r = request({1}, 5);
  r.on_text = [](std::string_view) -> bool { throw std::runtime_error("no more room on the screen"); };
  const auto bad = bench.scheduler.submit(r);
  const auto good = bench.scheduler.submit(request({1}, 5));
  while (bench.scheduler.step()) {}
  EXPECT_THROW(bad->result(), std::runtime_error);
  EXPECT_EQ(good->result().tokens.size(), 5u);
}

}  // namespace
}  // namespace realizar::model
