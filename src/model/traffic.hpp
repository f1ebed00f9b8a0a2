#pragma once

#include <cstdint>

#include "fusion/device.hpp"
#include "fusion/plan.hpp"

namespace realizar::model {

/// Bytes of the file that computing one token reads: every weight once, of a table that is looked up one row,
/// of a set of experts those that a token uses.
uint64_t weight_bytes_per_token(const fusion::Plan& plan);

/// Bytes of the KV cache that a token at position `n_positions` reads: all earlier positions of every layer,
/// or those in its window.
uint64_t kv_bytes_per_token(const fusion::Plan& plan, fusion::KvType type, int n_positions);

}  // namespace realizar::model
