#include "base/error.hpp"
#include "model/samplers/step.hpp"

namespace realizar::model {
namespace {

void apply_top_p(Candidates& candidates, const StepInput& in) {
  candidates.normalise();
  double sum = 0;
  size_t count = 0, ahead = 64;
  while (count < candidates.size() && sum < in.settings.top_p) {
    // Sorting a growing prefix: the nucleus is mostly a few of very many candidates.
    if (count + 1 > ahead) ahead *= 4;
    candidates.sort_first(ahead);
    sum += candidates[count++].probability;
  }
  candidates.keep_first(std::max(count, static_cast<size_t>(in.settings.min_keep)));
}

}  // namespace

// The smallest set of most likely tokens whose probabilities reach p ("nucleus"): Holtzman et al., "The
// Curious Case of Neural Text Degeneration", arXiv:1904.09751, section 3.1.
const SamplerStep top_p_step = {
    .name = "top_p",
    .active = [](const SamplerSettings& s) { return s.top_p < 1; },
    .check =
        [](const SamplerSettings& s) {
          require(s.top_p >= 0 && s.top_p <= 1, ErrorKind::invalid_argument, "top_p is ", s.top_p,
                  ": it must be from 0 to 1 (off)");
        },
    .apply = apply_top_p,
    .describe = [](const SamplerSettings& s) { return concat(" ", s.top_p); },
    .keeps_best = true,
    .truncates = true,
};

}  // namespace realizar::model
