#pragma once

#include <rapidcheck.h>

#include <cmath>
#include <vector>

#include "model/sampler.hpp"

// What the tests of samplers share.
namespace realizar::model {

/// Settings under which nothing happens but a draw; a test then switches on what it is about.
inline SamplerSettings plain() {
  SamplerSettings s;
  s.seed = 1;
  s.temperature = 1;
  s.top_k = 0;
  s.top_p = 1;
  s.min_p = 0;
  return s;
}

/// Logits whose softmax is the given distribution.
inline std::vector<float> logits_of(const std::vector<double>& probabilities) {
  std::vector<float> logits;
  for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p)));
  return logits;
}

inline std::vector<int32_t> ids(const std::vector<Candidate>& candidates) {
  std::vector<int32_t> result;
  for (const Candidate& c : candidates) result.push_back(c.id);
  return result;
}

inline std::vector<int32_t> kept(const SamplerSettings& settings, const std::vector<double>& probabilities) {
  return ids(Sampler(settings).distribution(logits_of(probabilities)));
}

using Ids = std::vector<int32_t>;

inline rc::Gen<std::vector<float>> any_logits() {
  return rc::gen::resize(300, rc::gen::nonEmpty(rc::gen::container<std::vector<float>>(rc::gen::map(
                                  rc::gen::inRange(-400, 400), [](int v) { return v / 20.0f; }))));
}

}  // namespace realizar::model
