#include "base/error.hpp"
#include "model/samplers/step.hpp"

namespace realizar::model {
namespace {

void apply_xtc(Candidates& candidates, const StepInput& in) {
  if (in.uniform(DrawPurpose::xtc) >= in.settings.xtc_probability) return;
  candidates.normalise();
  // Those that reach the threshold are the first in rank; all but the last of them go.
  const Candidate* last = nullptr;
  size_t choices = 0;
  for (const Candidate& c : candidates) {
    if (c.probability < in.settings.xtc_threshold) continue;
    ++choices;
    if (last == nullptr || ranks_before(*last, c)) last = &c;
  }
  if (choices < 2 || candidates.size() - (choices - 1) < static_cast<size_t>(in.settings.min_keep)) return;
  const Candidate kept = *last;
  candidates.keep_if([&](const Candidate& c) { return !ranks_before(c, kept); });
}

}  // namespace

// "Exclude Top Choices": with some probability, drops every token that reaches the threshold but the least
// likely of them. P. E. Weidmann, oobabooga/text-generation-webui pull request 6335.
const SamplerStep xtc_step = {
    .name = "xtc",
    .active = [](const SamplerSettings& s) { return s.xtc_probability > 0 && s.xtc_threshold <= 0.5f; },
    .check =
        [](const SamplerSettings& s) {
          require(s.xtc_probability >= 0 && s.xtc_probability <= 1 && s.xtc_threshold >= 0 &&
                      s.xtc_threshold <= 1,
                  ErrorKind::invalid_argument, "xtc_probability is ", s.xtc_probability,
                  " and xtc_threshold ", s.xtc_threshold, ": both must be from 0 to 1");
        },
    .apply = apply_xtc,
    .describe =
        [](const SamplerSettings& s) {
          return concat("(probability ", s.xtc_probability, ", threshold ", s.xtc_threshold, ")");
        },
    .keeps_best = false,
    .truncates = true,
};

}  // namespace realizar::model
