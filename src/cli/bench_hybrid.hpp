#pragma once

#include "cli/model_options.hpp"

namespace realizar::cli {

/// `bench --hybrid`: single operations by size on the CPU and on the GPU that the options name.
int bench_hybrid(const ModelOptions& options, bool json);

}  // namespace realizar::cli
