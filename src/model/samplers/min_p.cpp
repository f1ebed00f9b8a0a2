#include <algorithm>

#include "base/error.hpp"
#include "base/math.hpp"
#include "model/samplers/step.hpp"

namespace realizar::model {
namespace {

void apply_min_p(Candidates& candidates, const StepInput& in) {
  // p >= min_p * p_best, said in logits.
  const double threshold = candidates.best().logit + portable_log(in.settings.min_p);
  const auto reaches = [&](const Candidate& c) { return c.logit >= threshold; };
  const auto count = std::count_if(candidates.begin(), candidates.end(), reaches);
  if (count < in.settings.min_keep)
    candidates.keep_first(static_cast<size_t>(in.settings.min_keep));
  else
    candidates.keep_if(reaches);
}

}  // namespace

// Tokens at least min_p times as likely as the most likely: Nguyen et al., "Turning Up the Heat: Min-p
// Sampling for Creative and Coherent LLM Outputs", arXiv:2407.01082.
const SamplerStep min_p_step = {
    .name = "min_p",
    .active = [](const SamplerSettings& s) { return s.min_p > 0; },
    .check =
        [](const SamplerSettings& s) {
          require(s.min_p >= 0 && s.min_p <= 1, ErrorKind::invalid_argument, "min_p is ", s.min_p,
                  ": it must be from 0 (off) to 1");
        },
    .apply = apply_min_p,
    .describe = [](const SamplerSettings& s) { return concat(" ", s.min_p); },
    .keeps_best = true,
    .truncates = true,
};

}  // namespace realizar::model
