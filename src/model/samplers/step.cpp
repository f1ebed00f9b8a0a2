#include "model/samplers/step.hpp"

#include "model/random.hpp"

namespace realizar::model {

double uniform(uint64_t seed, uint64_t position, DrawPurpose purpose) {
  return RandomStream(seed, position, static_cast<uint32_t>(purpose)).uniform_double();
}

std::span<const SamplerStep* const> sampler_steps() {
  static constexpr const SamplerStep* steps[] = {
      &logit_bias_step, &penalties_step, &dry_step, &top_n_sigma_step, &top_k_step,    &typical_step,
      &top_p_step,      &min_p_step,     &xtc_step, &temperature_step, &mirostat_step,
  };
  return steps;
}

}  // namespace realizar::model
