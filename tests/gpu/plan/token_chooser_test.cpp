#include "gpu/plan/token_chooser.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "gpu/software_gpu.hpp"
#include "model/sampler.hpp"

namespace realizar::gpu {
namespace {

using Floats = std::vector<float>;
using Tokens = std::vector<int32_t>;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

class TokenChooserTest : public GpuTest {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (!device_) return;
    pool_ = std::make_unique<GpuBufferPool>(device_);
    kernels_ = std::make_unique<webgpu::KernelCache>(*device_);
  }

  /// Of every row of logits (choices, n_vocab).
  Tokens choose(const Floats& logits, const std::vector<fusion::TokenChoice>& choices) {
    const auto n_rows = static_cast<int64_t>(choices.size());
    TokenChooser chooser(*device_, *pool_, *kernels_, static_cast<int>(logits.size() / choices.size()),
                         static_cast<int>(n_rows));
    const int kept = TokenChooser::kept_for(choices);
    chooser.reserve(n_rows, kept);
    chooser.send(choices);
    const GpuBuffer numbers = pool_->acquire(logits.size() * sizeof(float));
    device_->write(numbers.get(), 0, std::as_bytes(std::span(logits)));
    webgpu::Recording recording(*device_);
    chooser.record(recording, numbers.binding(), n_rows, kept);
    webgpu::Commands commands(*device_);
    commands.run(recording);
    Tokens tokens(choices.size());
    const uint64_t bytes = tokens.size() * sizeof(int32_t);
    const GpuBuffer readback = pool_->acquire(bytes, webgpu::BufferUse::readback);
    commands.copy(chooser.tokens().buffer, 0, readback.get(), 0, bytes);
    device_->submit(std::move(commands));
    device_->read(readback.get(), std::as_writable_bytes(std::span(tokens)));
    return tokens;
  }

  int32_t most_likely(const Floats& logits) { return choose(logits, {{.top_k = 1}})[0]; }

  std::unique_ptr<GpuBufferPool> pool_;
  std::unique_ptr<webgpu::KernelCache> kernels_;
};

Floats random_logits(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 4);
  Floats logits(n);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

TEST_F(TokenChooserTest, TheMostLikelyIsThatOfTheHost) {
  for (const size_t n : {1, 2, 63, 1024, 1025, 5000, 128256})
    for (uint32_t seed = 0; seed < 3; ++seed) {
      const Floats logits = random_logits(n, seed);
      EXPECT_EQ(most_likely(logits), model::most_likely(logits)) << n << " logits, seed " << seed;
    }
}

TEST_F(TokenChooserTest, OfEqualLogitsTheLowerTokenIsChosen) {
  Floats logits(5000, -1);
  logits[4711] = logits[1500] = logits[1400] = 3;
  EXPECT_EQ(most_likely(logits), 1400);
  EXPECT_EQ(most_likely(Floats(3000, -infinity)), fusion::all_ruled_out);
  logits.assign(3000, -infinity);
  logits[2000] = -3.4e38f;
  EXPECT_EQ(most_likely(logits), 2000);
  logits.assign(3000, -5);
  logits[700] = 0.0f;
  logits[600] = -0.0f;
  EXPECT_EQ(most_likely(logits), 600) << "both zeros are equal";
  logits[600] = -1e-40f;
  logits[700] = -1e-41f;
  EXPECT_EQ(most_likely(logits), 700) << "numbers below the normal ones have an order too";
}

TEST_F(TokenChooserTest, TheFirstLogitThatIsNoFiniteNumberIsNamed) {
  for (const float bad : {nan, -nan, infinity})
    for (const int k : {1, 40, 200}) {
      Floats logits = random_logits(4000, 1);
      logits[3000] = nan;
      logits[2222] = bad;
      EXPECT_EQ(choose(logits, {{.top_k = k, .random = 0.5}})[0], -1 - 2222);
    }
}

TEST_F(TokenChooserTest, RowsOfABatchAreChosenEachInItsWay) {
  Floats logits;
  for (uint32_t row = 0; row < 4; ++row)
    for (const float logit : random_logits(3000, row)) logits.push_back(logit);
  const std::vector<fusion::TokenChoice> choices = {
      {.top_k = 1}, {.top_k = 0}, {.top_k = 200, .random = 0.9}, {.top_k = 5, .random = 0.999}};
  const Tokens tokens = choose(logits, choices);
  for (const size_t row : {0, 2, 3}) {
    const auto first = logits.begin() + static_cast<ptrdiff_t>(row * 3000);
    EXPECT_EQ(tokens[row], choose({first, first + 3000}, {choices[row]})[0]) << "row " << row;
  }
}

TEST_F(TokenChooserTest, TheRandomNumberReachesTheFirstAndTheLast) {
  const Floats logits(2000, 1.5f);
  EXPECT_EQ(choose(logits, {{.top_k = 100, .random = 0}})[0], 0);
  EXPECT_EQ(choose(logits, {{.top_k = 100, .random = 0x1.fffffffffffffp-1}})[0], 99);
}

/// The sampler itself, with its own random numbers, several positions ahead too. Borders between tokens that
/// the last places of f32 decide do not come up in these numbers.
TEST_F(TokenChooserTest, ChoosesWhatTheSamplerChooses) {
  EXPECT_TRUE(rc::check([&] {
    const auto fraction = [](int most) { return static_cast<float>(*rc::gen::inRange(0, most)) / 1000; };
    SamplerSettings settings;
    settings.seed = *rc::gen::arbitrary<uint64_t>();
    settings.temperature = fraction(3000);
    settings.top_k = *rc::gen::inRange(1, TokenChooser::most_candidates + 1);
    settings.top_p = fraction(1001);
    settings.min_p = fraction(300);
    settings.min_keep = *rc::gen::inRange(1, 8);
    model::Sampler sampler(settings);
    const model::Sampler before = sampler;
    RC_ASSERT(sampler.needs_host(TokenChooser::most_candidates).empty());
    const auto n_vocab = *rc::gen::element<size_t>(5, 1000, 5000);
    Floats logits;
    std::vector<fusion::TokenChoice> choices;
    Tokens expected;
    for (uint32_t row = 0; row < 16; ++row) {
      const Floats mine = random_logits(n_vocab, *rc::gen::arbitrary<uint32_t>());
      logits.insert(logits.end(), mine.begin(), mine.end());
      choices.push_back(before.choice(row));
      expected.push_back(sampler.sample(mine));
      sampler.accept(expected.back());
    }
    RC_ASSERT(choose(logits, choices) == expected);
  }));
}

}  // namespace
}  // namespace realizar::gpu
