#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "model/samplers/step.hpp"

namespace realizar::model {
namespace {

/// How far a token's surprise is from the expected one.
struct Oddity {
  double distance;
  int32_t id;
  double probability;
  bool operator<(const Oddity& other) const {
    return distance != other.distance ? distance < other.distance : id < other.id;
  }
};

void apply_typical(Candidates& candidates, const StepInput& in) {
  const double log_denominator = candidates.normalise();
  double entropy = log_denominator;
  for (const Candidate& c : candidates) entropy -= c.probability * c.logit;
  const auto oddity = [&](const Candidate& c) {
    return Oddity{std::abs(log_denominator - c.logit - entropy), c.id, c.probability};
  };
  // A heap: the typical set is mostly a few of very many candidates, so not all are sorted.
  std::vector<Oddity> heap;
  heap.reserve(candidates.size());
  for (const Candidate& c : candidates) heap.push_back(oddity(c));
  const auto later = [](const Oddity& a, const Oddity& b) { return b < a; };
  std::make_heap(heap.begin(), heap.end(), later);
  Oddity last = heap.front();
  double sum = 0;
  int32_t count = 0;
  while (!heap.empty() && (count < in.settings.min_keep || sum < in.settings.typical_p)) {
    std::pop_heap(heap.begin(), heap.end(), later);
    last = heap.back();
    heap.pop_back();
    sum += last.probability;
    ++count;
  }
  candidates.keep_if([&](const Candidate& c) { return !(last < oddity(c)); });
}

}  // namespace

// The smallest set of tokens whose surprise is nearest to the expected one (the entropy) and whose
// probabilities reach p: Meister et al., "Locally Typical Sampling", arXiv:2202.00666, section 5.
const SamplerStep typical_step = {
    .name = "typical",
    .active = [](const SamplerSettings& s) { return s.typical_p < 1; },
    .check =
        [](const SamplerSettings& s) {
          require(s.typical_p >= 0 && s.typical_p <= 1, ErrorKind::invalid_argument, "typical_p is ",
                  s.typical_p, ": it must be from 0 to 1 (off)");
        },
    .apply = apply_typical,
    .describe = [](const SamplerSettings& s) { return concat(" ", s.typical_p); },
    .keeps_best = false,
    .truncates = true,
};

}  // namespace realizar::model
