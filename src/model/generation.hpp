#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/sampler_settings.hpp"

namespace realizar::model {

/// Why a generation ended.
enum class StopReason { end_of_generation, stop_string, max_tokens, context_full, cancelled };

const char* to_string(StopReason reason);

/// Turns the tokens of one sequence into text, whole UTF-8 characters only.
struct TextDecoder {
  std::function<std::string(int32_t token)> push;  ///< the text that is complete with this token
  std::function<std::string()> finish;             ///< what is left at the end
};

struct GenerationRequest {
  std::vector<int32_t> prompt;
  SamplerSettings sampler;
  int32_t max_tokens = -1;                         ///< -1: until the model ends or the context is full
  std::vector<std::string> stop;                   ///< texts that end the generation and are not shown
  TextDecoder decoder;                             ///< empty functions: no text, so no stop strings either
  std::function<std::string(int32_t)> token_text;  ///< the bytes of a token, for `Sampler`; may be empty
  /// Called after every token with the text that can be shown, which may be empty, and once more at the end
  /// if text was held back. False cancels.
  std::function<bool(std::string_view piece)> on_text;
  /// Called between the parts of a long prompt. False cancels.
  std::function<bool(size_t n_done, size_t n_total)> on_prefill;
};

/// Seconds count from when the request was submitted.
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
  std::string sampler;  ///< `Sampler::describe`

  /// Of the prompt's tokens that had to be computed.
  double prefill_tokens_per_second() const;
  /// Of the tokens after the first; 0 when there are none.
  double decode_tokens_per_second() const;
};

/// A generation that a `Scheduler` works on.
class Generation {
 public:
  /// Ends it before its next token. May be called from any thread.
  void cancel() { cancelled_ = true; }

  bool done() const { return done_; }

  /// What has come of it so far. Throws what went wrong, if something did.
  const GenerationResult& result() const {
    if (error_) std::rethrow_exception(error_);
    return result_;
  }

 private:
  friend class Scheduler;
  std::atomic<bool> cancelled_ = false;
  std::atomic<bool> done_ = false;
  std::exception_ptr error_;
  GenerationResult result_;
};

}  // namespace realizar::model
