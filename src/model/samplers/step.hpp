#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/samplers/candidates.hpp"
#include "realizar/sampler_settings.hpp"

namespace realizar::model {

/// So low that logits would overflow, no token but the most likely could be drawn.
inline constexpr float least_temperature = 1e-30f;

/// What one sequence remembers between tokens.
struct SequenceState {
  std::vector<int32_t> tokens;  ///< all that were accepted, the prompt included
  std::function<std::string(int32_t)> token_text;

  /// DRY: the tokens accepted after the one in which the last sequence breaker ends, and the text before that
  /// is still too short for any breaker.
  size_t tokens_since_break = 0;
  std::string text_tail;

  /// Mirostat: the limit on surprise (mu in the paper; 2 tau at first), the share of the probability that the
  /// last truncation kept, and the token that was drawn, with its surprise, until it is accepted.
  std::optional<double> surprise_limit;
  double kept_probability = 1;
  std::optional<std::pair<int32_t, double>> drawn;
};

/// Draws from different purposes are independent.
enum class DrawPurpose : uint32_t { token = 0, xtc = 1 };

/// In [0, 1): a function of the seed, the position and the purpose.
double uniform(uint64_t seed, uint64_t position, DrawPurpose purpose);

/// What a sampler knows besides the candidates.
struct StepInput {
  const SamplerSettings& settings;
  SequenceState& state;
  uint64_t seed;

  double uniform(DrawPurpose purpose) const { return model::uniform(seed, state.tokens.size(), purpose); }
};

/// One row of the table of samplers.
struct SamplerStep {
  const char* name;
  /// Whether the settings make it do anything.
  bool (*active)(const SamplerSettings&);
  /// Throws on a parameter that cannot be right.
  void (*check)(const SamplerSettings&);
  void (*apply)(Candidates&, const StepInput&);
  /// Its parameters, for people.
  std::string (*describe)(const SamplerSettings&);

  /// Whether the most likely candidate always remains so: at temperature 0 such a step changes nothing.
  bool keeps_best;
  /// Whether it drops unlikely candidates: mirostat takes the place of all such.
  bool truncates;
  /// Told of each token before it joins `state.tokens`; may be null.
  void (*accept)(int32_t token, const SamplerSettings&, SequenceState&) = nullptr;
};

/// All samplers. A new one is a file with its row, and its name here.
std::span<const SamplerStep* const> sampler_steps();

extern const SamplerStep logit_bias_step, penalties_step, dry_step, top_n_sigma_step, top_k_step,
    typical_step, top_p_step, min_p_step, xtc_step, temperature_step, mirostat_step;

}  // namespace realizar::model
