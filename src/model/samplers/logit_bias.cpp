#include <limits>

#include "base/error.hpp"
#include "model/samplers/step.hpp"

namespace realizar::model {

// A number added to the logits of chosen tokens: log-odds, so +1 makes a token e times as likely against the
// others.
const SamplerStep logit_bias_step = {
    .name = "logit_bias",
    .active = [](const SamplerSettings& s) { return !s.logit_bias.empty(); },
    .check =
        [](const SamplerSettings& s) {
          for (const auto& [id, bias] : s.logit_bias)
            require(id >= 0 && bias < std::numeric_limits<float>::infinity(), ErrorKind::invalid_argument,
                    "logit bias ", bias, " for token ", id,
                    ": the token must not be negative, the bias must be below +infinity");
        },
    .apply =
        [](Candidates& candidates, const StepInput& in) {
          for (const auto& [id, bias] : in.settings.logit_bias)
            candidates.change_one(id, [b = bias](float logit) { return logit + b; });
        },
    .describe = [](const SamplerSettings& s) { return concat("(", s.logit_bias.size(), " tokens)"); },
    .keeps_best = false,
    .truncates = false,
};

}  // namespace realizar::model
