#include "model/sampler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/sampler_cases.hpp"

namespace realizar::model {
namespace {

// The chain.

TEST(Chain, IsPrintedInItsOrder) {
  SamplerSettings s;
  s.seed = 42;
  EXPECT_EQ(Sampler(s).describe(),
            "top_k 40 -> top_p 0.95 -> min_p 0.05 -> temperature 0.8 -> draw (seed 42); "
            "off: logit_bias, penalties, dry, top_n_sigma, typical, xtc");
  s.order = "temperature;min_p";
  EXPECT_EQ(Sampler(s).describe(), "temperature 0.8 -> min_p 0.05 -> draw (seed 42); off: logit_bias");
  s.temperature = 0;
  EXPECT_EQ(Sampler(s).describe(), "most likely token; off: logit_bias, temperature, min_p");
}

TEST(Chain, RunsInTheOrderGiven) {
  // At temperature 2 the second is 0.6 times as likely as the first, before it only 0.36 times.
  SamplerSettings s = plain();
  s.temperature = 2;
  s.min_p = 0.5f;
  s.order = "min_p;temperature";
  EXPECT_EQ(kept(s, {0.5, 0.18, 0.02}), (Ids{0}));
  s.order = "temperature;min_p";
  EXPECT_EQ(kept(s, {0.5, 0.18, 0.02}), (Ids{0, 1}));
}

TEST(Chain, ProbabilitiesSumToOneAndFallForAnySettings) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<float> logits = *any_logits();
    SamplerSettings s = plain();
    s.temperature = static_cast<float>(*rc::gen::inRange(1, 30)) / 10;
    s.top_k = *rc::gen::inRange(0, 50);
    s.top_p = static_cast<float>(*rc::gen::inRange(0, 11)) / 10;
    s.min_p = static_cast<float>(*rc::gen::inRange(0, 11)) / 10;
    s.typical_p = static_cast<float>(*rc::gen::inRange(0, 11)) / 10;
    s.top_n_sigma = static_cast<float>(*rc::gen::inRange(-1, 4));
    s.xtc_probability = static_cast<float>(*rc::gen::inRange(0, 3)) / 2;
    s.mirostat = *rc::gen::inRange(0, 3);
    Sampler sampler(s);
    const auto d = sampler.distribution(logits);
    RC_ASSERT(!d.empty());
    double sum = 0;
    for (size_t i = 0; i < d.size(); ++i) {
      sum += d[i].probability;
      if (i > 0) RC_ASSERT(ranks_before(d[i - 1], d[i]));
    }
    RC_ASSERT(std::abs(sum - 1) < 1e-9);
    const int32_t token = sampler.sample(logits);
    RC_ASSERT(std::any_of(d.begin(), d.end(), [&](const Candidate& c) { return c.id == token; }));
  }));
}

TEST(Chain, TopKKeepsTheFirstKOfAFullSort) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<float> logits = *any_logits();
    SamplerSettings s = plain();
    s.top_k = *rc::gen::inRange(1, 400);
    std::vector<int32_t> all(logits.size());
    std::iota(all.begin(), all.end(), 0);
    std::stable_sort(all.begin(), all.end(), [&](int32_t a, int32_t b) {
      return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
    });
    all.resize(std::min(all.size(), static_cast<size_t>(s.top_k)));
    RC_ASSERT(ids(Sampler(s).distribution(logits)) == all);
  }));
}

TEST(Chain, TopPIsReachedAndNoSmallerSetReachesIt) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<float> logits = *any_logits();
    SamplerSettings s = plain();
    const auto all = Sampler(s).distribution(logits);
    s.top_p = static_cast<float>(*rc::gen::inRange(1, 1000)) / 1000;
    const size_t count = Sampler(s).distribution(logits).size();
    double before = 0;
    for (size_t i = 0; i + 1 < count; ++i) before += all[i].probability;
    RC_ASSERT(before < s.top_p);
    RC_ASSERT(before + all[count - 1].probability >= s.top_p - 1e-12 || count == all.size());
  }));
}

TEST(Chain, MinPKeepsAllAndOnlyWhatReachesTheThreshold) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<float> logits = *any_logits();
    SamplerSettings s = plain();
    const auto all = Sampler(s).distribution(logits);
    s.min_p = static_cast<float>(*rc::gen::inRange(1, 1000)) / 1000;
    const size_t count = Sampler(s).distribution(logits).size();
    const double threshold = s.min_p * all[0].probability;
    RC_ASSERT(all[count - 1].probability >= threshold * (1 - 1e-6));
    if (count < all.size()) RC_ASSERT(all[count].probability < threshold * (1 + 1e-6));
  }));
}

TEST(Chain, TopKAndMinPGiveTheSameInEitherOrder) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<float> logits = *any_logits();
    SamplerSettings s = plain();
    s.top_k = *rc::gen::inRange(1, 50);
    s.min_p = 0.1f;
    s.seed = *rc::gen::arbitrary<uint64_t>();
    s.order = "top_k;min_p";
    const int32_t one = Sampler(s).sample(logits);
    s.order = "min_p;top_k";
    RC_ASSERT(Sampler(s).sample(logits) == one);
  }));
}

// The draw.

TEST(Draw, FollowsTheDistribution) {
  const std::vector<double> p = {0.05, 0.3, 0.0125, 0.2, 0.25, 0.1, 0.0875};
  const std::vector<float> logits = logits_of(p);
  Sampler sampler(plain());
  constexpr int n = 20000;
  std::vector<int> count(p.size(), 0);
  for (int i = 0; i < n; ++i) {
    ++count[static_cast<size_t>(sampler.sample(logits))];
    sampler.accept(0);
  }
  double chi_square = 0;
  for (size_t i = 0; i < p.size(); ++i) chi_square += std::pow(count[i] - n * p[i], 2) / (n * p[i]);
  EXPECT_LT(chi_square, 22.5);  // 6 degrees of freedom: above that in 0.1 % of all seeds; this seed is fixed
}

/// Over more candidates than the part that is sorted at first.
TEST(Draw, ReachesUnlikelyTokensToo) {
  Sampler sampler(plain());
  const std::vector<float> logits(1000, 0.0f);
  int high = 0;
  for (int i = 0; i < 2000; ++i) {
    high += sampler.sample(logits) >= 500;
    sampler.accept(0);
  }
  EXPECT_NEAR(high, 1000, 4 * std::sqrt(500.0));
}

TEST(Draw, IsAFunctionOfSeedAndPosition) {
  const std::vector<float> logits(1000, 0.0f);
  const auto run = [&](uint64_t seed) {
    SamplerSettings s = plain();
    s.seed = seed;
    Sampler sampler(s);
    std::vector<int32_t> tokens;
    for (int i = 0; i < 20; ++i) {
      tokens.push_back(sampler.sample(logits));
      EXPECT_EQ(sampler.sample(logits), tokens.back()) << "asking twice gives the same";
      sampler.accept(tokens.back());
    }
    return tokens;
  };
  const auto tokens = run(5);
  EXPECT_EQ(run(5), tokens);
  EXPECT_NE(run(6), tokens);

  // A sequence taken up again after 10 tokens goes on as if it had never stopped.
  SamplerSettings s = plain();
  s.seed = 5;
  Sampler resumed(s);
  for (int i = 0; i < 10; ++i) resumed.accept(tokens[static_cast<size_t>(i)]);
  EXPECT_EQ(resumed.sample(logits), tokens[10]);
}

/// The tokens themselves: what another machine must give as well.
TEST(Draw, TokensAreFixed) {
  SamplerSettings s;
  s.seed = 42;
  Sampler sampler(s);
  std::vector<float> logits(500);
  for (size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>((i * 7919) % 501) / 100;
  Ids tokens;
  for (int i = 0; i < 8; ++i) {
    tokens.push_back(sampler.sample(logits));
    sampler.accept(tokens.back());
  }
  EXPECT_EQ(tokens, (Ids{181, 31, 434, 62, 155, 26, 336, 434}));
}

// A device that chooses in its place.

TEST(OnADevice, TheMostLikelyAndTheUsualChainAreChosen) {
  SamplerSettings s;
  EXPECT_EQ(Sampler(s).needs_host(64), "");
  const fusion::TokenChoice usual = Sampler(s).choice(0);
  EXPECT_EQ(usual.top_k, 40);
  EXPECT_EQ(usual.top_p, 0.95f);
  EXPECT_EQ(usual.min_p, 0.05f);
  EXPECT_EQ(usual.temperature, 0.8f);
  s.order = "top_k;min_p";
  EXPECT_EQ(Sampler(s).choice(0).top_p, 1);
  EXPECT_EQ(Sampler(s).choice(0).temperature, 1);
  s.temperature = 0;
  EXPECT_EQ(Sampler(s).choice(0).top_k, 1);
}

TEST(OnADevice, TheRandomNumberIsThatOfTheTokenToCome) {
  SamplerSettings s;
  s.seed = 3;
  Sampler sampler(s);
  const double ahead = sampler.choice(2).random;
  EXPECT_NE(sampler.choice(1).random, ahead);
  sampler.accept(5);
  sampler.accept(6);
  EXPECT_EQ(sampler.choice(0).random, ahead);
}

TEST(OnADevice, WhatTheHostIsNeededForIsSaid) {
  const auto reason = [](const auto& change, int most_candidates = 64) {
    SamplerSettings s;
    change(s);
    return Sampler(s).needs_host(most_candidates);
  };
  EXPECT_EQ(reason([](auto&) {}, 0), "the device chooses no tokens");
  EXPECT_EQ(reason([](auto& s) { s.presence_penalty = 1, s.typical_p = 0.5f; }),
            "the device has no penalties, typical");
  EXPECT_EQ(reason([](auto& s) { s.temperature = 0, s.presence_penalty = 1; }),
            "the device has no penalties");
  EXPECT_EQ(reason([](auto& s) { s.order = "top_k;temperature;top_p"; }),
            "the device knows the order top_k, top_p, min_p, temperature only");
  const std::string among = "the device chooses among 64 tokens at most: by a top_k up to that";
  EXPECT_EQ(reason([](auto& s) { s.top_k = 0; }), among);
  EXPECT_EQ(reason([](auto& s) { s.top_k = 65; }), among);
  EXPECT_EQ(reason([](auto& s) { s.top_k = 0, s.top_p = 1, s.min_p = 0, s.temperature = 1; }), among);
  EXPECT_EQ(reason([](auto& s) { s.dynamic_temperature_range = 1; }),
            "the device has no dynamic temperature, nor one next to 0");
}

TEST(Seed, IsFreshUnlessGiven) {
  EXPECT_NE(Sampler(SamplerSettings{}).seed(), Sampler(SamplerSettings{}).seed());
  EXPECT_EQ(Sampler(plain()).seed(), 1u);
}

}  // namespace
}  // namespace realizar::model
