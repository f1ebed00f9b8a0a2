#include "base/error.hpp"
#include "model/samplers/step.hpp"

namespace realizar::model {

// The k most likely: Fan, Lewis, Dauphin, "Hierarchical Neural Story Generation", arXiv:1805.04833,
// section 5.4.
const SamplerStep top_k_step = {
    .name = "top_k",
    .active = [](const SamplerSettings& s) { return s.top_k > 0; },
    .check = [](const SamplerSettings&) {},
    .apply =
        [](Candidates& candidates, const StepInput& in) {
          candidates.keep_first(static_cast<size_t>(std::max(in.settings.top_k, in.settings.min_keep)));
        },
    .describe = [](const SamplerSettings& s) { return concat(" ", s.top_k); },
    .keeps_best = true,
    .truncates = true,
};

}  // namespace realizar::model
