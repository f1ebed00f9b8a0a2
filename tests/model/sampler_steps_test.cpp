#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>

#include "model/sampler_cases.hpp"
#include "realizar/error.hpp"

// What each sampler of the chain does by itself.
namespace realizar::model {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

void expect_error(const std::function<void()>& act, const std::string& part) {
  try {
    act();
    ADD_FAILURE() << "no error; expected one that says: " << part;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

// Greedy.

TEST(Greedy, TakesTheHighestAndTheLowerIdOfEquals) {
  SamplerSettings s;
  s.temperature = 0;
  EXPECT_EQ(Sampler(s).sample(std::vector<float>{1, 3, 2}), 1);
  EXPECT_EQ(Sampler(s).sample(std::vector<float>{1, 3, 3}), 1);
  EXPECT_EQ(Sampler(s).sample(std::vector<float>{-5}), 0);
  EXPECT_EQ(Sampler(s).sample(std::vector<float>{-infinity, -7, -infinity}), 1);
}

TEST(Greedy, FindsTheFirstMaximumOfAnyLogits) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<float> logits = *any_logits();
    SamplerSettings s;
    s.temperature = 0;
    const auto expected = std::max_element(logits.begin(), logits.end()) - logits.begin();
    RC_ASSERT(Sampler(s).sample(logits) == expected);
    s.logit_bias = {{0, 0.0f}};  // the way that goes through the list of candidates
    RC_ASSERT(Sampler(s).sample(logits) == expected);
  }));
}

TEST(Greedy, HeedsPenaltiesAndBiases) {
  SamplerSettings s;
  s.temperature = 0;
  s.logit_bias = {{1, -infinity}};
  EXPECT_EQ(Sampler(s).sample(std::vector<float>{1, 3, 2}), 2);
  s.logit_bias.clear();
  s.repeat_penalty = 2;
  Sampler sampler(s);
  sampler.accept(1);
  EXPECT_EQ(sampler.sample(std::vector<float>{1, 3, 2}), 2);  // 3 / 2 < 2
}

// What cannot be sampled.

TEST(BadLogits, AreErrorsThatNameTheToken) {
  for (const float temperature : {0.0f, 1.0f}) {
    SamplerSettings s = plain();
    s.temperature = temperature;
    std::vector<float> logits(1000, 0.5f);
    logits[777] = std::nanf("");
    expect_error([&] { Sampler(s).sample(logits); }, "the logit of token 777 is nan");
    logits[777] = infinity;
    expect_error([&] { Sampler(s).sample(logits); }, "the logit of token 777 is inf");
    expect_error([&] { Sampler(s).sample(std::vector<float>(40, -infinity)); }, "every token is ruled out");
    expect_error([&] { Sampler(s).sample({}); }, "every token is ruled out");
  }
}

TEST(BadSettings, AreErrorsThatNameTheParameter) {
  const auto refused = [](auto change, const char* part) {
    SamplerSettings s;
    change(s);
    expect_error([&] { Sampler{s}; }, part);
  };
  refused([](auto& s) { s.temperature = -1; }, "temperature is -1");
  refused([](auto& s) { s.temperature = std::nanf(""); }, "temperature is nan");
  refused([](auto& s) { s.top_p = 1.5; }, "top_p is 1.5");
  refused([](auto& s) { s.min_p = -0.5; }, "min_p is -0.5");
  refused([](auto& s) { s.typical_p = 2; }, "typical_p is 2");
  refused([](auto& s) { s.xtc_probability = 2; }, "xtc_probability is 2");
  refused([](auto& s) { s.repeat_penalty = 0; }, "repeat_penalty is 0");
  refused([](auto& s) { s.penalty_last_n = -2; }, "penalty_last_n is -2");
  refused([](auto& s) { s.dry_base = 0.5; }, "dry_base is 0.5");
  refused([](auto& s) { s.dry_sequence_breakers = {""}; }, "breaker is empty");
  refused([](auto& s) { s.mirostat = 3; }, "mirostat is 3");
  refused([](auto& s) { s.min_keep = 0; }, "min_keep is 0");
  refused([](auto& s) { s.logit_bias = {{1, infinity}}; }, "logit bias inf for token 1");
  refused([](auto& s) { s.order = "top_k;top_q"; },
          "no sampler is called \"top_q\"; the known ones are logit_bias");
  refused([](auto& s) { s.order = "top_k;min_p;top_k"; }, "top_k stands twice");
}

TEST(LogitBias, OfATokenOutsideTheVocabularyIsAnError) {
  SamplerSettings s = plain();
  s.logit_bias = {{3, 1.0f}};
  expect_error([&] { Sampler(s).sample(std::vector<float>{1, 2, 3}); }, "token 3 of a vocabulary of 3");
}

// Each sampler on a small example.

TEST(LogitBias, AddsToTheLogit) {
  SamplerSettings s = plain();
  s.logit_bias = {{0, std::log(2.0f)}, {2, -infinity}};
  const auto d = Sampler(s).distribution(logits_of({0.25, 0.25, 0.5}));
  ASSERT_EQ(ids(d), (Ids{0, 1}));
  EXPECT_NEAR(d[0].probability, 2.0 / 3, 1e-6);
}

TEST(TopK, KeepsTheKMostLikely) {
  SamplerSettings s = plain();
  s.top_k = 2;
  EXPECT_EQ(kept(s, {0.1, 0.4, 0.2, 0.3}), (Ids{1, 3}));
  EXPECT_EQ(kept(s, {0.25, 0.25, 0.25, 0.25}), (Ids{0, 1}));
  s.top_k = 9;
  EXPECT_EQ(kept(s, {0.1, 0.4, 0.2, 0.3}), (Ids{1, 3, 2, 0}));
}

TEST(TopP, KeepsTheSmallestSetThatReachesP) {
  SamplerSettings s = plain();
  s.top_p = 0.6f;
  EXPECT_EQ(kept(s, {0.1, 0.4, 0.2, 0.3}), (Ids{1, 3}));
  s.top_p = 0.75f;
  EXPECT_EQ(kept(s, {0.1, 0.4, 0.2, 0.3}), (Ids{1, 3, 2}));
  s.top_p = 0;
  EXPECT_EQ(kept(s, {0.1, 0.4, 0.2, 0.3}), (Ids{1}));
  s.min_keep = 2;
  EXPECT_EQ(kept(s, {0.1, 0.4, 0.2, 0.3}), (Ids{1, 3}));
}

TEST(MinP, KeepsWhatIsLikelyEnoughBesideTheBest) {
  SamplerSettings s = plain();
  s.min_p = 0.6f;  // 0.6 * 0.4 = 0.24
  EXPECT_EQ(kept(s, {0.1, 0.4, 0.2, 0.3}), (Ids{1, 3}));
  s.min_p = 1;
  EXPECT_EQ(kept(s, {0.1, 0.4, 0.2, 0.3}), (Ids{1}));
  s.min_keep = 3;
  EXPECT_EQ(kept(s, {0.1, 0.4, 0.2, 0.3}), (Ids{1, 3, 2}));
}

TEST(Typical, KeepsWhatIsNearestToTheEntropy) {
  // Entropy of {0.5, 0.25, 0.125, 0.125} is 1.75 bits; their surprises 1, 2, 3, 3 are 0.75, 0.25, 1.25, 1.25
  // away.
  SamplerSettings s = plain();
  s.typical_p = 0.2f;
  EXPECT_EQ(kept(s, {0.5, 0.25, 0.125, 0.125}), (Ids{1}));
  s.typical_p = 0.5f;
  EXPECT_EQ(kept(s, {0.5, 0.25, 0.125, 0.125}), (Ids{0, 1}));
  s.typical_p = 0.8f;
  EXPECT_EQ(kept(s, {0.5, 0.25, 0.125, 0.125}), (Ids{0, 1, 2}));
}

TEST(TopNSigma, KeepsWhatIsWithinNDeviationsOfTheHighestLogit) {
  // Mean 3, variance (9 + 1 + 1 + 9) / 4 = 5, deviation 2.236.
  const std::vector<float> logits = {0, 2, 4, 6};
  SamplerSettings s = plain();
  s.top_n_sigma = 1;
  EXPECT_EQ(ids(Sampler(s).distribution(logits)), (Ids{3, 2}));
  s.top_n_sigma = 0.8f;
  EXPECT_EQ(ids(Sampler(s).distribution(logits)), (Ids{3}));
  s.top_n_sigma = 1.8f;
  EXPECT_EQ(ids(Sampler(s).distribution(logits)), (Ids{3, 2, 1}));
}

TEST(Xtc, WithProbabilityOneDropsAllTopChoicesButTheLast) {
  SamplerSettings s = plain();
  s.xtc_probability = 1;
  s.xtc_threshold = 0.15f;
  EXPECT_EQ(kept(s, {0.1, 0.4, 0.2, 0.3}), (Ids{2, 0}));
  s.xtc_threshold = 0.35f;  // only one reaches it, so it stays
  EXPECT_EQ(kept(s, {0.1, 0.4, 0.2, 0.3}), (Ids{1, 3, 2, 0}));
  s.xtc_threshold = 0.15f;
  s.min_keep = 3;
  EXPECT_EQ(kept(s, {0.1, 0.4, 0.2, 0.3}), (Ids{1, 3, 2, 0}));
}

TEST(Xtc, ActsAsOftenAsItsProbabilitySays) {
  SamplerSettings s = plain();
  s.xtc_probability = 0.25f;
  Sampler sampler(s);
  int acted = 0;
  for (int i = 0; i < 4000; ++i) {
    acted += sampler.distribution(logits_of({0.1, 0.4, 0.2, 0.3})).size() < 4;
    sampler.accept(0);
  }
  EXPECT_NEAR(acted, 1000, 4 * std::sqrt(4000 * 0.25 * 0.75));
}

TEST(Temperature, DividesTheLogits) {
  SamplerSettings s = plain();
  s.temperature = 0.5f;  // squares the odds: 0.64 to 0.04
  const auto d = Sampler(s).distribution(logits_of({0.2, 0.8}));
  EXPECT_NEAR(d[0].probability, 0.64 / 0.68, 1e-6);
  s.temperature = 1e-38f;
  EXPECT_EQ(Sampler(s).distribution(std::vector<float>{5, 6})[0].id, 1);
}

TEST(DynamicTemperature, FollowsTheEntropy) {
  SamplerSettings s = plain();
  s.dynamic_temperature_range = 0.5f;
  // All equal: the highest entropy, so temperature 1.5 (which changes nothing); two of four: log 2 / log 4,
  // so 1.
  auto d = Sampler(s).distribution(std::vector<float>{0, 0, -100, -100});
  EXPECT_NEAR(d[2].logit, -100, 0.01);
  // Exponent 2: 0.5 + 1 * 0.25.
  s.dynamic_temperature_exponent = 2;
  d = Sampler(s).distribution(std::vector<float>{0, 0, -100, -100});
  EXPECT_NEAR(d[2].logit, -100 / 0.75, 0.01);
  // One candidate far above: no entropy, so the lowest temperature.
  d = Sampler(s).distribution(std::vector<float>{100, 0});
  EXPECT_NEAR(d[0].logit, 200, 0.01);
}

TEST(Penalties, ActOnTheLastNTokens) {
  SamplerSettings s = plain();
  s.penalty_last_n = 3;
  s.repeat_penalty = 2;
  s.frequency_penalty = 0.25f;
  s.presence_penalty = 0.5f;
  Sampler sampler(s);
  for (const int32_t token : {3, 0, 1, 0}) sampler.accept(token);  // the 3 is out of the window
  std::map<int32_t, float> logit;
  for (const Candidate& c : sampler.distribution(std::vector<float>{4, -1, 2, 3})) logit[c.id] = c.logit;
  EXPECT_FLOAT_EQ(logit[0], 4 / 2.0f - 2 * 0.25f - 0.5f);
  EXPECT_FLOAT_EQ(logit[1], -1 * 2.0f - 0.25f - 0.5f);
  EXPECT_FLOAT_EQ(logit[2], 2);
  EXPECT_FLOAT_EQ(logit[3], 3);
}

// DRY.

std::map<int32_t, float> dry_penalties(const SamplerSettings& s, const std::vector<int32_t>& sequence,
                                       std::function<std::string(int32_t)> text = {}) {
  Sampler sampler(s, std::move(text));
  for (const int32_t token : sequence) sampler.accept(token);
  std::map<int32_t, float> penalties;
  for (const Candidate& c : sampler.distribution(std::vector<float>(10, 0.0f)))
    if (c.logit != 0) penalties[c.id] = -c.logit;
  return penalties;
}

SamplerSettings dry() {
  SamplerSettings s = plain();
  s.dry_multiplier = 1;
  s.dry_base = 2;
  s.dry_allowed_length = 2;
  return s;
}

using Penalties = std::map<int32_t, float>;

TEST(Dry, PenalisesTheTokenThatWouldLengthenARepeat) {
  // a b c c b c y a b c: c after "a b c" (3 tokens repeated), y after "b c" (2), b after "c" (1, below the
  // allowed 2).
  const std::vector<int32_t> sequence = {1, 2, 3, 3, 2, 3, 9, 1, 2, 3};
  EXPECT_EQ(dry_penalties(dry(), sequence), (Penalties{{3, 2.0f}, {9, 1.0f}}));
  SamplerSettings s = dry();
  s.dry_allowed_length = 1;
  EXPECT_EQ(dry_penalties(s, sequence), (Penalties{{3, 4.0f}, {9, 2.0f}, {2, 1.0f}}));
  s = dry();
  s.dry_last_n = 7;
  EXPECT_EQ(dry_penalties(s, sequence), (Penalties{{9, 1.0f}}));
}

TEST(Dry, BreaksALoop) {
  // Logits that prefer to go round 0 1 2 3 0 1 2 3...
  SamplerSettings s = dry();
  s.temperature = 0;
  Sampler sampler(s);
  std::vector<int32_t> sequence = {0};
  sampler.accept(0);
  bool left_the_loop = false;
  for (int i = 0; i < 30 && !left_the_loop; ++i) {
    std::vector<float> logits(10, 0.0f);
    logits[static_cast<size_t>((sequence.back() + 1) % 4)] = 5;
    const int32_t next = sampler.sample(logits);
    left_the_loop = next != (sequence.back() + 1) % 4;
    sequence.push_back(next);
    sampler.accept(next);
  }
  EXPECT_TRUE(left_the_loop);
  // The penalty 2^(length - 2) exceeds 5 at length 5: the second time round ends after 0 1 2 3 0.
  EXPECT_EQ(sequence.size(), 10u);
}

TEST(Dry, CountsNoRepeatAcrossASequenceBreaker) {
  const auto text = [](int32_t token) {
    return token == 5 ? std::string("x\n") : std::string(1, static_cast<char>('a' + token));
  };
  EXPECT_EQ(dry_penalties(dry(), {1, 5, 2, 3, 7, 1, 5, 2, 3}), (Penalties{{7, 4.0f}}));
  EXPECT_EQ(dry_penalties(dry(), {1, 5, 2, 3, 7, 1, 5, 2, 3}, text), (Penalties{{7, 1.0f}}));
  // A breaker itself is not penalised.
  EXPECT_EQ(dry_penalties(dry(), {1, 2, 5, 1, 2}, text), Penalties{});
}

TEST(Dry, FindsABreakerAcrossTokenBorders) {
  const auto text = [](int32_t token) { return std::string(1, static_cast<char>('a' + token)); };
  SamplerSettings s = dry();
  s.dry_sequence_breakers = {"bcd"};
  EXPECT_EQ(dry_penalties(s, {0, 1, 2, 3, 4, 5, 9, 0, 1, 2, 3, 4, 5}, text), (Penalties{{9, 1.0f}}));
  s.dry_sequence_breakers = {"bce"};
  EXPECT_EQ(dry_penalties(s, {0, 1, 2, 3, 4, 5, 9, 0, 1, 2, 3, 4, 5}, text), (Penalties{{9, 16.0f}}));
}

/// The definition, without an algorithm.
TEST(Dry, AgreesWithTheDefinitionOnAnySequence) {
  EXPECT_TRUE(rc::check([] {
    const auto sequence = *rc::gen::container<std::vector<int32_t>>(rc::gen::inRange(0, 3));
    Penalties expected;
    for (size_t at = 1; at < sequence.size(); ++at) {
      size_t length = 0;
      while (length < at && sequence[at - 1 - length] == sequence[sequence.size() - 1 - length]) ++length;
      if (length < 2) continue;
      const float penalty = std::min(std::pow(2.0f, static_cast<float>(length - 2)), 1e30f);
      expected[sequence[at]] = std::max(expected[sequence[at]], penalty);
    }
    RC_ASSERT(dry_penalties(dry(), sequence) == expected);
  }));
}

// Mirostat.

double mean_surprise(int version, double tau) {
  SamplerSettings s = plain();
  s.mirostat = version;
  s.mirostat_tau = static_cast<float>(tau);
  Sampler sampler(s);
  std::vector<double> p(5000);  // Zipf with exponent 1.1
  for (size_t i = 0; i < p.size(); ++i) p[i] = std::pow(static_cast<double>(i + 1), -1.1);
  const double total = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& x : p) x /= total;
  const std::vector<float> logits = logits_of(p);
  double sum = 0;
  constexpr int warm_up = 200, n = 1500;
  for (int i = 0; i < warm_up + n; ++i) {
    const int32_t token = sampler.sample(logits);
    sampler.accept(token);
    if (i >= warm_up) sum -= std::log2(p[static_cast<size_t>(token)]);
  }
  return sum / n;
}

TEST(Mirostat, SurpriseConvergesToTau) {
  for (const int version : {1, 2})
    for (const double tau : {3.0, 5.0})
      EXPECT_NEAR(mean_surprise(version, tau), tau, 0.1) << version << " " << tau;
}

TEST(Mirostat2, DropsWhatSurprisesMoreThanTheLimit) {
  SamplerSettings s = plain();
  s.mirostat = 2;
  s.mirostat_tau = 1;  // the limit starts at 2 bits
  EXPECT_EQ(kept(s, {0.5, 0.26, 0.125, 0.115}), (Ids{0, 1}));
}

TEST(Mirostat, TakesThePlaceOfTheTruncatingSamplers) {
  SamplerSettings s;
  s.seed = 3;
  s.mirostat = 2;
  EXPECT_EQ(
      Sampler(s).describe(),
      "temperature 0.8 -> mirostat 2 (tau 5, eta 0.1) -> draw (seed 3); off: logit_bias, penalties, dry");
}

}  // namespace
}  // namespace realizar::model
