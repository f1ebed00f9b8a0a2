#pragma once

#include <span>

#include "fusion/plan.hpp"
#include "model/hyperparameters.hpp"

namespace realizar::model {

/// The angles of one kind of rotary embedding. `factors` (n_rot / 2 of them, or none) divide the frequencies
/// (`rope_freqs.weight`, or longrope's tensors).
fusion::RopeTable make_rope_table(double base, int n_rot, const RopeScaling& scaling,
                                  std::span<const float> factors = {});

/// What YaRN multiplies both parts of the rotation by: 0.1 * multiplier * ln(factor) + 1 (Peng et al. 2023,
/// eq. 22).
double yarn_magnitude(double factor, double multiplier);

}  // namespace realizar::model
