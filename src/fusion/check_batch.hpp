#pragma once

#include "fusion/device.hpp"

namespace realizar::fusion {

/// What every device asks of a batch, with a cache of `n_pages` pages, where the batch before chose
/// `n_chosen` tokens on the device. Throws invalid_argument as Device::run does.
void check_batch(const Batch& batch, const Plan& plan, int max_tokens, int n_pages, int64_t n_chosen = 0);

}  // namespace realizar::fusion
