#include "realizar/generation.hpp"

namespace realizar {

const char* to_string(StopReason reason) {
  switch (reason) {
    case StopReason::end_of_generation:
      return "end_of_generation";
    case StopReason::stop_string:
      return "stop_string";
    case StopReason::max_tokens:
      return "max_tokens";
    case StopReason::context_full:
      return "context_full";
    case StopReason::cancelled:
      return "cancelled";
  }
  return "unknown";
}

double GenerationResult::prefill_tokens_per_second() const {
  const double seconds = first_token_seconds - start_seconds;
  return seconds > 0 ? static_cast<double>(n_prompt - n_reused) / seconds : 0;
}

double GenerationResult::decode_tokens_per_second() const {
  const double seconds = total_seconds - first_token_seconds;
  return tokens.size() > 1 && seconds > 0 ? static_cast<double>(tokens.size() - 1) / seconds : 0;
}

}  // namespace realizar
