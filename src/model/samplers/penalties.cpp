#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "model/samplers/step.hpp"

namespace realizar::model {
namespace {

void apply_penalties(Candidates& candidates, const StepInput& in) {
  const SamplerSettings& s = in.settings;
  const std::vector<int32_t>& tokens = in.state.tokens;
  const size_t window =
      s.penalty_last_n < 0 ? tokens.size() : std::min(tokens.size(), static_cast<size_t>(s.penalty_last_n));
  std::vector<int32_t> recent(tokens.end() - static_cast<ptrdiff_t>(window), tokens.end());
  std::sort(recent.begin(), recent.end());
  for (auto first = recent.begin(); first != recent.end();) {
    const auto last = std::upper_bound(first, recent.end(), *first);
    const auto count = static_cast<float>(last - first);
    candidates.change_one(*first, [&](float logit) {
      // CTRL divides; a negative logit is multiplied, else the penalty would reward it.
      logit = logit > 0 ? logit / s.repeat_penalty : logit * s.repeat_penalty;
      return logit - (count * s.frequency_penalty + s.presence_penalty);
    });
    first = last;
  }
}

}  // namespace

// Penalties on tokens that occur among the last N. Repetition: Keskar et al., "CTRL", arXiv:1909.05858,
// section 4.1; frequency (times the number of occurrences) and presence (once): the OpenAI API's parameters
// of these names.
const SamplerStep penalties_step = {
    .name = "penalties",
    .active =
        [](const SamplerSettings& s) {
          return s.penalty_last_n != 0 &&
                 (s.repeat_penalty != 1 || s.frequency_penalty != 0 || s.presence_penalty != 0);
        },
    .check =
        [](const SamplerSettings& s) {
          require(s.penalty_last_n >= -1, ErrorKind::invalid_argument, "penalty_last_n is ", s.penalty_last_n,
                  ": give a number of tokens, 0 for none or -1 for all");
          require(s.repeat_penalty > 0 && std::isfinite(s.repeat_penalty), ErrorKind::invalid_argument,
                  "repeat_penalty is ", s.repeat_penalty, ": it must be above 0 (1 is off)");
          require(std::isfinite(s.frequency_penalty) && std::isfinite(s.presence_penalty),
                  ErrorKind::invalid_argument, "frequency_penalty is ", s.frequency_penalty,
                  " and presence_penalty ", s.presence_penalty, ": both must be finite (0 is off)");
        },
    .apply = apply_penalties,
    .describe =
        [](const SamplerSettings& s) {
          return concat("(last ", s.penalty_last_n, ", repeat ", s.repeat_penalty, ", frequency ",
                        s.frequency_penalty, ", presence ", s.presence_penalty, ")");
        },
    .keeps_best = false,
    .truncates = false,
};

}  // namespace realizar::model
