#pragma once

#include <span>

#include "fusion/plan.hpp"
#include "model/hyperparameters.hpp"
#include "model/plan_builder.hpp"

namespace realizar::model {

/// The angles of one kind of rotary embedding. `factors` (n_rot / 2 of them, or none) divide the frequencies
/// (`rope_freqs.weight`, or longrope's tensors).
fusion::RopeTable make_rope_table(double base, int n_rot, const RopeScaling& scaling,
                                  std::span<const float> factors = {});

/// The scaling as tables take it: for YaRN the attention factor includes what the scaling itself asks for.
RopeScaling effective_scaling(const Hyperparameters& hp);

/// Gives the plan the table of the model's own base and scaling, with the factor tensors the file has, for a
/// context of `n_context`; returns its index.
int add_rope_table(PlanBuilder& b, const Hyperparameters& hp, int n_context);

/// What YaRN multiplies both parts of the rotation by: 0.1 * multiplier * ln(factor) + 1 (Peng et al. 2023,
/// eq. 22).
double yarn_magnitude(double factor, double multiplier);

}  // namespace realizar::model
