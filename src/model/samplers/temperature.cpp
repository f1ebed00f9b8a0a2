#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/math.hpp"
#include "model/samplers/step.hpp"

namespace realizar::model {
namespace {

/// temperature - range + 2 range (entropy / highest possible entropy)^exponent.
double dynamic_temperature(Candidates& candidates, const SamplerSettings& s) {
  const double low = std::max(0.0, static_cast<double>(s.temperature) - s.dynamic_temperature_range);
  const double high = static_cast<double>(s.temperature) + s.dynamic_temperature_range;
  if (candidates.size() == 1) return high;
  double entropy = candidates.normalise();
  for (const Candidate& c : candidates) entropy -= c.probability * c.logit;
  const double share = std::clamp(entropy / portable_log(static_cast<double>(candidates.size())), 0.0, 1.0);
  return low + (high - low) * portable_power(share, s.dynamic_temperature_exponent);
}

void apply_temperature(Candidates& candidates, const StepInput& in) {
  const SamplerSettings& s = in.settings;
  const auto temperature = static_cast<float>(
      s.dynamic_temperature_range > 0 ? dynamic_temperature(candidates, s) : s.temperature);
  if (temperature < least_temperature) {
    candidates.keep_first(1);
    return;
  }
  candidates.rescale([&](float logit) { return logit / temperature; });
}

}  // namespace

// Logits divided by the temperature. Dynamic: "EDT: Improving Large Language Models' Generation by
// Entropy-based Dynamic Temperature Sampling", arXiv:2403.14541, gives the idea; the mapping is that of
// llama.cpp pull request 4972.
const SamplerStep temperature_step = {
    .name = "temperature",
    .active = [](const SamplerSettings& s) { return s.temperature != 1 || s.dynamic_temperature_range > 0; },
    .check =
        [](const SamplerSettings& s) {
          require(s.temperature >= 0 && std::isfinite(s.temperature), ErrorKind::invalid_argument,
                  "temperature is ", s.temperature, ": it must be 0 (always the most likely token) or more");
          require(s.dynamic_temperature_range >= 0 && std::isfinite(s.dynamic_temperature_range) &&
                      s.dynamic_temperature_exponent > 0 && std::isfinite(s.dynamic_temperature_exponent),
                  ErrorKind::invalid_argument, "dynamic_temperature_range is ", s.dynamic_temperature_range,
                  " and dynamic_temperature_exponent ", s.dynamic_temperature_exponent,
                  ": the range must be 0 (off) or more, the exponent above 0");
        },
    .apply = apply_temperature,
    .describe =
        [](const SamplerSettings& s) {
          return s.dynamic_temperature_range > 0
                     ? concat(" ", s.temperature, " -/+ ", s.dynamic_temperature_range, " (exponent ",
                              s.dynamic_temperature_exponent, ")")
                     : concat(" ", s.temperature);
        },
    .keeps_best = true,
    .truncates = false,
};

}  // namespace realizar::model
