#pragma once

#include <cstdint>

#include "fusion/device.hpp"
#include "fusion/plan.hpp"

namespace realizar::model {

/// Multiply-adds of weights with activations, by the arithmetic they are done in.
struct MultiplyAdds {
  uint64_t int8 = 0;
  uint64_t int16 = 0;
  uint64_t f32 = 0;
};

/// Those of `n_tokens` tokens, `n_logits` of which ask for logits: every weight of a matrix once a token, of
/// a set of experts those that a token uses, the output matrix once a row of logits. The products of
/// attention, queries with keys and weights with values, are not counted.
MultiplyAdds multiply_adds(const fusion::Plan& plan, fusion::Arithmetic arithmetic, uint64_t n_tokens,
                           uint64_t n_logits);

}  // namespace realizar::model
