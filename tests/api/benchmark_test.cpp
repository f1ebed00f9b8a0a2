#include "realizar/benchmark.hpp"

#include <gtest/gtest.h>

#include "api/support.hpp"

namespace realizar::test {
namespace {

TEST(Benchmark, TimesEveryRepetitionOfPrefillAndDecode) {
  FakeModel fake({.n_threads = 1, .n_streams = 3, .max_batch_tokens = 16});
  int last = 0;
  const BenchmarkResult result = run_benchmark(*fake.model, {.n_prompt = 40,
                                                             .n_decode = 4,
                                                             .n_repetitions = 2,
                                                             .depth = 100,
                                                             .n_streams = 3,
                                                             .progress = [&](int done, int total) {
                                                               EXPECT_EQ(done, ++last);
                                                               EXPECT_EQ(total, 4);
                                                             }});
  EXPECT_EQ(last, 4);
  EXPECT_TRUE(result.prefill_profile.parts.empty());
  EXPECT_EQ(result.prefill.all.size(), 2u);
  EXPECT_EQ(result.decode.all.size(), 2u);
  EXPECT_GT(result.prefill.min(), 0);
  EXPECT_LE(result.decode.min(), result.decode.median());
  EXPECT_LE(result.decode.median(), result.decode.max());
  const uint64_t weights = fake.model->bytes_per_token(0);
  EXPECT_EQ(result.bytes_per_token, weights / 3 + fake.model->bytes_per_token(100) - weights);
  EXPECT_DOUBLE_EQ(result.bandwidth_share(), static_cast<double>(result.bytes_per_token) *
                                                 result.decode.median() / result.read_bandwidth);
  EXPECT_GT(result.int8_peak, 0);
  EXPECT_GT(result.f32_peak, 0);
  EXPECT_EQ(result.macs_per_prompt_token.int8, 0) << "the tiny model is in F32";
  constexpr double layers = 2 * 64 * (64 + 32 + 32 + 64 + 3 * 96), output = 64 * tiny_vocabulary_size;
  EXPECT_EQ(result.macs_per_prompt_token.f32, layers + output / 40);
  EXPECT_EQ(result.macs_per_decoded_token.f32, layers + output);
  // Each phase ran once more than it was timed: prompts, the cache's beginning, decoded tokens.
  EXPECT_EQ(fake.device->n_tokens, 3u * 40 + 3u * 100 + 3u * 3 * 4);
  fake.model->forward(some_tokens(512));  // all pages came back
}

TEST(Benchmark, MeasuresOneAloneWhereAsked) {
  FakeModel fake({.n_threads = 1});
  const BenchmarkResult result =
      run_benchmark(*fake.model, {.n_prompt = 0, .n_decode = 2, .n_repetitions = 1});
  EXPECT_TRUE(result.prefill.all.empty());
  EXPECT_EQ(result.prefill.median(), 0);
  EXPECT_EQ(result.decode.all.size(), 1u);
}

TEST(Benchmark, AProfileIsOfOneMoreRepetitionAndItsPartsAreAllOfIt) {
  FakeModel fake({.n_threads = 1});
  const BenchmarkResult result =
      run_benchmark(*fake.model, {.n_prompt = 20, .n_decode = 3, .n_repetitions = 1, .profile = true});
  EXPECT_EQ(fake.device->n_tokens, 3u * 20 + 3u * 3) << "a repetition unused, one timed, one profiled";
  for (const Profile* profile : {&result.prefill_profile, &result.decode_profile}) {
    double seconds = 0;
    for (const Profile::Part& part : profile->parts) seconds += part.seconds;
    EXPECT_NEAR(seconds, profile->seconds, 1e-9);
  }
  // The fake device has no operators.
  const std::vector<Profile::Part>& parts = result.decode_profile.parts;
  ASSERT_EQ(parts.size(), 2u);
  const Profile::Part& sampling = parts[0].name == "sampling" ? parts[0] : parts[1];
  EXPECT_EQ(sampling.name, "sampling");
  EXPECT_EQ(sampling.n, 3);
}

TEST(Benchmark, AGpuIsHeldAgainstWhatItMeasuresOfItselfAndTimesOneMoreRepetition) {
  FakeModel fake({.n_threads = 1, .max_batch_tokens = 16});
  fake.device->ceilings = {
      .read_bandwidth = 1e9, .dispatch_seconds = 2e-6, .encode_seconds = 3e-6, .submit_seconds = 4e-5};
  const BenchmarkResult result =
      run_benchmark(*fake.model, {.n_prompt = 32, .n_decode = 4, .n_repetitions = 1});
  EXPECT_EQ(fake.device->n_tokens, 3u * 32 + 3u * 4)
      << "a repetition unused, one timed, one by the GPU's clock";
  constexpr double batch = model::FakeDevice::gpu_batch_seconds;
  EXPECT_DOUBLE_EQ(result.prefill_by_gpu_clock, 32 / (2 * batch));
  EXPECT_DOUBLE_EQ(result.decode_by_gpu_clock, 1 / batch);
  EXPECT_EQ(result.read_bandwidth, 1e9);
  EXPECT_GT(result.bandwidth_share(), 0);
  EXPECT_EQ(result.dispatch_seconds, 2e-6);
  EXPECT_EQ(result.encode_seconds, 3e-6);
  EXPECT_EQ(result.submit_seconds, 4e-5);
  EXPECT_EQ(result.int8_peak, 0);
  EXPECT_EQ(result.prefill_limit(), 0);
}

TEST(Benchmark, EndsBeforeABatchWhereAsked) {
  struct Enough {};
  for (const int n_prompt : {0, 200}) {
    FakeModel fake({.n_threads = 1, .max_batch_tokens = 16});
    int left = 3;
    const auto end = [&] {
      if (left-- == 0) throw Enough();
    };
    EXPECT_THROW(run_benchmark(*fake.model, {.n_prompt = n_prompt, .n_decode = 200, .before_batch = end}),
                 Enough);
    EXPECT_EQ(fake.device->n_tokens, n_prompt > 0 ? 3u * 16 : 3u);
    fake.model->forward(some_tokens(512));  // all pages came back
  }
}

TEST(Benchmark, TheMedianOfAnEvenNumberIsTheMeanOfTheMiddleTwo) {
  EXPECT_EQ((Rates{{4, 1, 3, 2}}.median()), 2.5);
  EXPECT_EQ((Rates{{5, 1, 3}}.median()), 3);
  EXPECT_EQ((Rates{{5, 1, 3}}.min()), 1);
  EXPECT_EQ((Rates{{5, 1, 3}}.max()), 5);
}

TEST(Benchmark, ThePrefillLimitIsTheTimeOfAllMultiplyAddsAtTheirPeaks) {
  BenchmarkResult result;
  EXPECT_EQ(result.prefill_share(), 0) << "nothing was measured";
  result.prefill.all = {2, 3, 4};
  result.macs_per_prompt_token = {.int8 = 4, .int16 = 1, .f32 = 2};
  result.int8_peak = 120;
  result.f32_peak = 20;
  EXPECT_EQ(result.macs_per_prompt_token.total(), 7);
  EXPECT_DOUBLE_EQ(result.prefill_limit(), 1 / 0.15);
  EXPECT_DOUBLE_EQ(result.prefill_share(), 3 * 0.15);
}

TEST(Benchmark, RefusesWhatDoesNotFit) {
  FakeModel fake({.n_context = 64});
  const auto run = [&](const BenchmarkOptions& options) {
    return error_of([&] { run_benchmark(*fake.model, options); });
  };
  EXPECT_EQ(run({.n_prompt = 65}), ErrorKind::limit_exceeded);
  EXPECT_EQ(run({.n_prompt = 1, .n_decode = 10, .depth = 60}), ErrorKind::limit_exceeded);
  EXPECT_EQ(run({.n_prompt = 0, .n_decode = 0}), ErrorKind::invalid_argument);
  EXPECT_EQ(run({.n_prompt = 1, .n_decode = 1, .n_repetitions = 0}), ErrorKind::invalid_argument);
  EXPECT_EQ(run({.n_prompt = 1, .n_decode = 1, .n_repetitions = 1, .n_streams = 2}),
            ErrorKind::limit_exceeded);
}

}  // namespace
}  // namespace realizar::test
