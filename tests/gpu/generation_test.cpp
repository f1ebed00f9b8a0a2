#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "fixtures/fixtures.hpp"
#include "formats/gguf.hpp"
#include "gpu/gpu_device.hpp"
#include "gpu/software_gpu.hpp"
#include "model/model.hpp"
#include "model/scheduler.hpp"
#include "support/test_name.hpp"

// Generations on a GPU whose tokens it chooses itself, and with batches started ahead, beside such by one
// round trip a token.
namespace realizar::gpu {
namespace {

using model::Generation;
using model::Scheduler;
using test::Fixture;
using Tokens = std::vector<int32_t>;

/// A device whose tokens the host chooses, as if it could do nothing else.
class RoundTrips : public fusion::Device {
 public:
  explicit RoundTrips(fusion::Device& device) : device_(device) {}
  void reserve_kv(int n_pages) override { device_.reserve_kv(n_pages); }
  void copy_page(int from, int to) override { device_.copy_page(from, to); }
  std::span<const float> run(const fusion::Batch& batch) override { return device_.run(batch); }
  fusion::DeviceMemory memory() const override { return device_.memory(); }
  const fusion::Plan& plan() const override { return device_.plan(); }

 private:
  fusion::Device& device_;
};

class GenerationsOnGpu : public GpuTest, public testing::WithParamInterface<const char*> {
 protected:
  static constexpr int n_pages = 24;

  void SetUp() override {
    GpuTest::SetUp();
    if (!device_) return;
    gpu_ = make_gpu_device(model::load_model(file_, {.n_context = test::fixture_context}).plan,
                           {.max_batch_tokens = 64}, device_);
  }

  /// What the requests yield together. `n_steps` are made between one's coming and the next's.
  std::vector<GenerationResult> generate(fusion::Device& device,
                                         const std::vector<GenerationRequest>& requests, int n_steps = 3) {
    device.reserve_kv(n_pages);
    model::KvPages pages(n_pages);
    Scheduler scheduler(device, pages,
                        {.n_vocab = fixture_.n_vocab,
                         .n_context = 256,
                         .max_batch_tokens = 64,
                         .ends_generation = [](int32_t token) { return token % 32 == 7; },
                         .token_text = {},
                         .new_decoder = {}});
    std::vector<std::shared_ptr<Generation>> generations;
    for (const GenerationRequest& request : requests) {
      generations.push_back(scheduler.submit(request));
      for (int i = 0; i < n_steps; ++i) scheduler.step();
    }
    while (scheduler.step()) {}
    EXPECT_EQ(pages.n_available(), n_pages);
    std::vector<GenerationResult> results;
    for (const auto& generation : generations) results.push_back(generation->result());
    return results;
  }

  void expect_the_same(const std::vector<GenerationRequest>& requests) {
    RoundTrips round_trips(*gpu_);
    const auto ahead = generate(*gpu_, requests), expected = generate(round_trips, requests);
    for (size_t i = 0; i < requests.size(); ++i) {
      EXPECT_EQ(ahead[i].tokens, expected[i].tokens) << "request " << i;
      EXPECT_EQ(ahead[i].stop_reason, expected[i].stop_reason) << "request " << i;
    }
  }

  GenerationRequest request(size_t n_prompt, int32_t max_tokens, uint64_t seed) const {
    const Tokens tokens = fixture_tokens(fixture_);
    Tokens prompt;
    while (prompt.size() < n_prompt) prompt.push_back(tokens[prompt.size() * prompt.size() % tokens.size()]);
    return {.prompt = prompt, .sampler = {.seed = seed}, .max_tokens = max_tokens};
  }

  const Fixture& fixture_ = test::fixture_named(GetParam());
  const std::vector<std::byte> bytes_ = write_fixture(fixture_);
  const formats::Gguf file_{bytes_};
  std::unique_ptr<fusion::Device> gpu_;
};

TEST_P(GenerationsOnGpu, YieldWhatRoundTripsYieldAcrossPagesUntilTheyStop) {
  ASSERT_GT(gpu_->most_candidates(), 0);
  for (uint64_t seed = 0; seed < 3; ++seed) expect_the_same({request(60, 40, seed)});
  GenerationRequest greedy = request(50, 30, 0);
  greedy.sampler.temperature = 0;
  expect_the_same({greedy});
}

TEST_P(GenerationsOnGpu, OfSeveralLengthsYieldTogetherWhatRoundTripsYield) {
  std::vector<GenerationRequest> requests = {request(5, 30, 1), request(150, 9, 2), request(63, 20, 3),
                                             request(30, 1, 4), request(90, 25, 5)};
  requests[2].sampler.temperature = 0;
  requests[4].sampler.top_k = 200;
  expect_the_same(requests);
}

TEST_P(GenerationsOnGpu, OneThatTheHostSamplesKeepsTheOthersRight) {
  std::vector<GenerationRequest> requests = {request(5, 20, 1), request(20, 12, 2)};
  requests[1].sampler.repeat_penalty = 1.2f;
  expect_the_same(requests);
}

TEST_P(GenerationsOnGpu, FollowUpsFindWhatCameOfTokensChosenAhead) {
  gpu_->reserve_kv(n_pages);
  const GenerationRequest first = request(100, 40, 2);
  GenerationRequest follow_up = first;
  const Tokens tokens = generate(*gpu_, {first})[0].tokens;
  follow_up.prompt.insert(follow_up.prompt.end(), tokens.begin(), tokens.end());
  const auto results = generate(*gpu_, {first, follow_up}, 60);
  EXPECT_EQ(results[1].n_reused, (first.prompt.size() + tokens.size() - 1) / 64 * 64);
  EXPECT_EQ(results[1].tokens, generate(*gpu_, {follow_up})[0].tokens);
}

TEST_P(GenerationsOnGpu, EndWithOneErrorWhereTheGpuIsLostWithBatchesUnderWay) {
  gpu_->reserve_kv(n_pages);
  model::KvPages pages(n_pages);
  Scheduler scheduler(*gpu_, pages,
                      {.n_vocab = fixture_.n_vocab,
                       .n_context = 256,
                       .max_batch_tokens = 64,
                       .ends_generation = {},
                       .token_text = {},
                       .new_decoder = {}});
  const auto generation = scheduler.submit(request(20, 50, 1));
  for (int i = 0; i < 5; ++i) scheduler.step();
  device_->destroy();
  while (scheduler.step()) {}
  EXPECT_EQ(thrown([&] { generation->result(); }), ErrorKind::io);
}

INSTANTIATE_TEST_SUITE_P(GpuDevice, GenerationsOnGpu, testing::Values("llama", "granite", "gpt2"),
                         [](const auto& name) { return test::test_name(name.param); });

}  // namespace
}  // namespace realizar::gpu
