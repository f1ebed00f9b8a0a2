#include <cmath>

#include "base/error.hpp"
#include "model/samplers/step.hpp"

namespace realizar::model {
namespace {

void apply_top_n_sigma(Candidates& candidates, const StepInput& in) {
  const auto count = static_cast<double>(candidates.size());
  double mean = 0;
  for (const Candidate& c : candidates) mean += c.logit;
  mean /= count;
  double variance = 0;
  for (const Candidate& c : candidates) variance += (c.logit - mean) * (c.logit - mean);
  const double sigma = std::sqrt(variance / count);
  const double threshold = candidates.best().logit - in.settings.top_n_sigma * sigma;
  candidates.keep_if([&](const Candidate& c) { return c.logit >= threshold; });
}

}  // namespace

// Tokens whose logit is within n standard deviations of the highest: Tang et al., "Top-n-sigma: Not All
// Logits Are You Need", arXiv:2411.07641. It does not depend on the temperature.
const SamplerStep top_n_sigma_step = {
    .name = "top_n_sigma",
    .active = [](const SamplerSettings& s) { return s.top_n_sigma > 0; },
    .check =
        [](const SamplerSettings& s) {
          require(std::isfinite(s.top_n_sigma), ErrorKind::invalid_argument, "top_n_sigma is ", s.top_n_sigma,
                  ": it must be a number (0 or less is off)");
        },
    .apply = apply_top_n_sigma,
    .describe = [](const SamplerSettings& s) { return concat(" ", s.top_n_sigma); },
    .keeps_best = true,
    .truncates = true,
};

}  // namespace realizar::model
