#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/math.hpp"
#include "model/samplers/step.hpp"

namespace realizar::model {
namespace {

constexpr double ln2 = 0x1.62e42fefa39efp-1;

double surprise_limit(const SamplerSettings& s, const SequenceState& state) {
  return state.surprise_limit.value_or(2.0 * s.mirostat_tau);
}

/// Version 1: the k for which a Zipf distribution of the exponent seen among the top 100 has the surprise
/// `limit`.
size_t zipf_k(Candidates& candidates, double limit) {
  constexpr size_t terms = 100;
  candidates.sort_first(terms);
  const size_t top = std::min(terms, candidates.size());
  double products = 0, squares = 0;
  for (size_t i = 0; i + 1 < top; ++i) {
    const double rank_ratio = portable_log(static_cast<double>(i + 2) / static_cast<double>(i + 1));
    products += rank_ratio * (static_cast<double>(candidates[i].logit) - candidates[i + 1].logit);
    squares += rank_ratio * rank_ratio;
  }
  if (squares == 0) return 1;
  const auto n = static_cast<double>(candidates.size());
  const double s = std::max(products / squares, 1e-6);
  const double epsilon = s - 1;
  // The quotient tends to 1 / log n as s tends to 1.
  const double quotient =
      std::abs(epsilon) < 1e-9 ? 1 / portable_log(n) : epsilon / (1 - portable_power(n, -epsilon));
  const double k = portable_power(quotient * portable_exp(limit * ln2), 1 / s);
  return static_cast<size_t>(std::clamp(std::round(k), 1.0, n));
}

/// Version 2: as many as have a surprise within `limit`.
size_t count_within(Candidates& candidates, double limit) {
  const double least = portable_exp(-limit * ln2);
  const auto count = std::count_if(candidates.begin(), candidates.end(),
                                   [&](const Candidate& c) { return c.probability >= least; });
  return static_cast<size_t>(std::max<ptrdiff_t>(count, 1));
}

void apply_mirostat(Candidates& candidates, const StepInput& in) {
  candidates.normalise();
  const double limit = surprise_limit(in.settings, in.state);
  candidates.keep_first(in.settings.mirostat == 1 ? zipf_k(candidates, limit)
                                                  : count_within(candidates, limit));
  in.state.kept_probability = 0;
  for (const Candidate& c : candidates) in.state.kept_probability += c.probability;
}

void accept_mirostat(int32_t token, const SamplerSettings& s, SequenceState& state) {
  if (!state.drawn || state.drawn->first != token) return;
  state.surprise_limit = surprise_limit(s, state) - s.mirostat_eta * (state.drawn->second - s.mirostat_tau);
}

}  // namespace

// Keeps the surprise of the text near tau by feedback on a limit mu: Basu et al., "Mirostat: A Neural Text
// Decoding Algorithm that Directly Controls Perplexity", arXiv:2007.14966, algorithms 1 and 2. As there, a
// token's surprise is taken before the truncation.
const SamplerStep mirostat_step = {
    .name = "mirostat",
    .active = [](const SamplerSettings& s) { return s.mirostat != 0; },
    .check =
        [](const SamplerSettings& s) {
          require(s.mirostat >= 0 && s.mirostat <= 2, ErrorKind::invalid_argument, "mirostat is ", s.mirostat,
                  ": there are versions 1 and 2 (0 is off)");
          require(s.mirostat_tau >= 0 && std::isfinite(s.mirostat_tau) && s.mirostat_eta >= 0 &&
                      std::isfinite(s.mirostat_eta),
                  ErrorKind::invalid_argument, "mirostat_tau is ", s.mirostat_tau, " and mirostat_eta ",
                  s.mirostat_eta, ": neither may be negative");
        },
    .apply = apply_mirostat,
    .describe =
        [](const SamplerSettings& s) {
          return concat(" ", s.mirostat, " (tau ", s.mirostat_tau, ", eta ", s.mirostat_eta, ")");
        },
    .keeps_best = true,
    .truncates = true,
    .accept = accept_mirostat,
};

}  // namespace realizar::model
