#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "fusion/device.hpp"
#include "model/samplers/candidates.hpp"
#include "model/samplers/step.hpp"
#include "realizar/sampler_settings.hpp"

namespace realizar::model {

/// Chooses the next token of one sequence. The choice is a function of the settings, the seed, the tokens
/// accepted so far and the logits: the same on every machine, in any batch.
class Sampler {
 public:
  /// `token_text` gives the bytes of a token, by which the sequence breakers of DRY are found; without it
  /// there are none.
  explicit Sampler(SamplerSettings settings, std::function<std::string(int32_t)> token_text = {});

  /// The next token, for one logit per token of the vocabulary. A logit of -infinity rules its token out; NaN
  /// and +infinity are errors. Asking again before `accept` gives the same token.
  int32_t sample(std::span<const float> logits);

  /// Why no device can choose tokens in the place of `sample` that has room for so many candidates; empty
  /// where it can: greedily, or by top_k, top_p, min_p and temperature in this order, of which only top_k
  /// must be.
  std::string needs_host(int most_candidates) const;

  /// How such a device chooses what `sample` would after `n_ahead` tokens more are accepted.
  fusion::TokenChoice choice(size_t n_ahead) const;

  /// Appends a token to the sequence: those of the prompt first, then each that was sampled or forced.
  void accept(int32_t token);

  /// The candidates `sample` would draw from, most probable first; their probabilities sum to 1.
  std::vector<Candidate> distribution(std::span<const float> logits);

  /// The samplers that run, in order, with their parameters; then those that are off.
  std::string describe() const;

  uint64_t seed() const { return seed_; }
  bool greedy() const { return greedy_; }

 private:
  void run_steps(std::span<const float> logits);

  SamplerSettings settings_;
  uint64_t seed_;
  bool greedy_;
  std::vector<const SamplerStep*> order_;   ///< as configured
  std::vector<const SamplerStep*> active_;  ///< those of them that can change the outcome
  Candidates candidates_;                   ///< kept between calls for its memory
  SequenceState state_;
};

}  // namespace realizar::model
