#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/tensor_type.hpp"

namespace realizar::test {

/// Which block format each matrix of a model has.
struct Mix {
  std::string name;
  kernels::TensorType base;  ///< of all but these:
  kernels::TensorType attn_v = base, ffn_down = base;
  bool in_half_of_the_layers = false;  ///< these two, by the rule of the K_M mixes
  kernels::TensorType embedding = base;
  kernels::TensorType output = base;  ///< and of an embedding that serves as one

  /// `tensor` without its layer and ".weight"; a row of `n_in` weights that does not fill super-blocks gets
  /// the format of 32 that is nearest.
  kernels::TensorType type_of(const std::string& tensor, int layer, int n_layers, uint64_t n_in,
                              bool tied) const;
};

/// Every type there are products with by itself ("q4_k", "iq4_xs", "bf16", ...), then q4_k_m and q5_k_m.
const std::vector<Mix>& mixes();

/// Throws `Error` of kind invalid_argument for a name that is none of theirs.
const Mix& mix_named(const std::string& name);

}  // namespace realizar::test
