#pragma once

#include <string>

#include "realizar/devices.hpp"

namespace realizar::gpu {

/// As `realizar::measure_crossovers` has it.
HybridReport measure_crossovers(const std::string& gpu, int n_threads);

}  // namespace realizar::gpu
