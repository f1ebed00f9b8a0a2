#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace realizar {

/// How the next token is chosen. Names and defaults are those users know from llama.cpp.
struct SamplerSettings {
  /// Nothing: a fresh one from the system, which `Sampler::seed()` tells.
  std::optional<uint64_t> seed;

  /// The samplers in the order they are applied, separated by ';'. One that is not named does not run, but
  /// for logit_bias, which comes first unless it is named.
  std::string order = "penalties;dry;top_n_sigma;top_k;typical;top_p;min_p;xtc;temperature";
  /// Truncating samplers leave at least this many candidates.
  int32_t min_keep = 1;

  /// 0: always the most probable token.
  float temperature = 0.8f;
  /// Above 0: the temperature moves between temperature -/+ range with the entropy of the candidates.
  float dynamic_temperature_range = 0;
  float dynamic_temperature_exponent = 1;

  int32_t top_k = 40;      ///< 0 or less: off
  float top_p = 0.95f;     ///< 1: off
  float min_p = 0.05f;     ///< 0: off
  float typical_p = 1;     ///< 1: off
  float top_n_sigma = -1;  ///< 0 or less: off

  float xtc_probability = 0;   ///< 0: off
  float xtc_threshold = 0.1f;  ///< above 0.5: off, since at most one token can reach it

  int32_t penalty_last_n = 64;  ///< how many of the last tokens are penalised; -1: all, 0: off
  float repeat_penalty = 1;     ///< 1: off
  float frequency_penalty = 0;  ///< 0: off
  float presence_penalty = 0;   ///< 0: off

  float dry_multiplier = 0;  ///< 0: off
  float dry_base = 1.75f;
  int32_t dry_allowed_length = 2;
  int32_t dry_last_n = -1;  ///< how many of the last tokens are searched for repeats; -1: all, 0: off
  /// Texts that no counted repeat reaches across.
  std::vector<std::string> dry_sequence_breakers = {"\n", ":", "\"", "*"};

  int32_t mirostat = 0;    ///< 1 or 2: this version, in place of every truncating sampler
  float mirostat_tau = 5;  ///< the target surprise, in bits
  float mirostat_eta = 0.1f;

  /// Added to the logits of these tokens; -infinity rules a token out.
  std::vector<std::pair<int32_t, float>> logit_bias;
};

}  // namespace realizar
