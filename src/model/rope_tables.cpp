#include "model/rope_tables.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/math.hpp"

namespace realizar::model {
namespace {

constexpr double pi = 3.14159265358979323846;

/// The pair, counted with a fraction, that turns `n_turns` times within the original context.
double pair_of_turns(double n_turns, double base, int n_rot, int original_context) {
  return n_rot * portable_log(original_context / (n_turns * 2 * pi)) / (2 * portable_log(base));
}

}  // namespace

double yarn_magnitude(double factor, double multiplier) {
  return factor <= 1 ? 1 : 0.1 * multiplier * portable_log(factor) + 1;
}

fusion::RopeTable make_rope_table(double base, int n_rot, const RopeScaling& scaling,
                                  std::span<const float> factors) {
  const bool yarn = scaling.type == RopeScalingType::yarn;
  if (scaling.type == RopeScalingType::ntk && n_rot > 2)
    base *= portable_power(scaling.factor, static_cast<double>(n_rot) / (n_rot - 2));
  const bool divides = scaling.type != RopeScalingType::none && scaling.type != RopeScalingType::ntk;

  // YaRN keeps pairs that turn more than beta_fast times, divides those that turn less than beta_slow times,
  // and blends between.
  double first = 0, last = 0;
  if (yarn) {
    first =
        std::max(0.0, std::floor(pair_of_turns(scaling.beta_fast, base, n_rot, scaling.original_context)));
    last = std::min(n_rot - 1.0,
                    std::ceil(pair_of_turns(scaling.beta_slow, base, n_rot, scaling.original_context)));
  }

  fusion::RopeTable table;
  table.magnitude = static_cast<float>(scaling.attention_factor);
  for (int pair = 0; pair < n_rot / 2; ++pair) {
    const double factor = factors.empty() ? 1.0 : factors[static_cast<size_t>(pair)];
    const double original = portable_power(base, -2.0 * pair / n_rot) / factor;
    double frequency = divides ? original / scaling.factor : original;
    if (yarn) {
      const double ramp = std::clamp((pair - first) / std::max(0.001, last - first), 0.0, 1.0);
      const double keep = (1 - ramp) * scaling.extrapolation;
      frequency = frequency * (1 - keep) + original * keep;
    }
    table.inverse_frequency.push_back(frequency);
  }
  return table;
}

RopeScaling effective_scaling(const Hyperparameters& hp) {
  RopeScaling scaling = hp.rope_scaling;
  if (scaling.type != RopeScalingType::yarn) return scaling;
  const double all_dims = scaling.log_multiplier;
  if (all_dims == 0) scaling.attention_factor *= yarn_magnitude(scaling.factor, 1);
  return scaling;
}

int add_rope_table(PlanBuilder& b, const Hyperparameters& hp, int n_context) {
  const OutsideLayers whole_model(b);
  std::vector<float> factors;
  const char* by_context =
      n_context > hp.rope_scaling.original_context ? "rope_factors_long.weight" : "rope_factors_short.weight";
  for (const char* name : {by_context, "rope_freqs.weight"})
    if (factors.empty() && b.has(name)) {
      factors = b.values(name, hp.n_rot / 2);
      for (const float factor : factors)
        require(std::abs(factor) > 0 && std::abs(factor) < 1e30f, ErrorKind::invalid_file,
                b.where_tensor(name), " holds ", factor,
                ", and must hold finite frequency factors other than zero");
    }
  return b.rope_table(make_rope_table(hp.rope_base, hp.n_rot, effective_scaling(hp), factors));
}

}  // namespace realizar::model
