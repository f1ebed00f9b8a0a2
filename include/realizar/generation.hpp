#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "realizar/sampler_settings.hpp"

namespace realizar {

/// What to generate. The callbacks run on the thread that steps the engine; what they throw ends this
/// generation alone and comes out of its result.
struct GenerationRequest {
  std::vector<int32_t> prompt;  ///< at least one token
  SamplerSettings sampler;
  int32_t max_tokens = -1;        ///< -1: until the model ends or the context is full
  std::vector<std::string> stop;  ///< texts that end the generation and are not shown
  /// Called after every token with the text that can be shown, whole UTF-8 characters, which may be empty;
  /// and once more at the end if text was held back. False cancels.
  std::function<bool(std::string_view piece)> on_text;
  /// Called between the parts of a long prompt with tokens done and tokens in all. False cancels.
  std::function<bool(size_t n_done, size_t n_total)> on_prefill;
};

/// Why a generation ended.
enum class StopReason {
  end_of_generation,  ///< the model chose a token that ends an answer
  stop_string,
  max_tokens,
  context_full,
  cancelled,
};

/// The name as it stands in the enumeration.
const char* to_string(StopReason reason);

/// What came of a request. Seconds count from when it was submitted.
struct GenerationResult {
  std::string text;
  std::vector<int32_t> tokens;  ///< generated ones, the one that ended the generation included
  StopReason stop_reason = StopReason::cancelled;
  size_t n_prompt = 0;
  size_t n_reused = 0;       ///< of the prompt, how many positions the cache held already
  double start_seconds = 0;  ///< spent waiting for room
  double first_token_seconds = 0;
  double total_seconds = 0;
  uint64_t seed = 0;
  /// On a GPU: why tokens are chosen on the CPU, each after a round trip; empty where the GPU does it.
  std::string host_sampling;
  std::string sampler;  ///< the samplers that ran, in order, with their parameters; then those that were off

  /// Of the prompt's tokens that had to be computed.
  double prefill_tokens_per_second() const;
  /// Of the tokens after the first; 0 when there are none.
  double decode_tokens_per_second() const;
};

}  // namespace realizar
