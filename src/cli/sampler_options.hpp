#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "realizar/sampler_settings.hpp"

namespace realizar::cli {

/// How `run` and `chat` choose tokens: greedily unless told otherwise.
struct SamplerOptions {
  SamplerSettings settings{.temperature = 0};
  std::vector<std::string> logit_bias;  ///< "ID=BIAS"

  /// Throws `Error` of kind invalid_argument.
  SamplerSettings sampler_settings() const;
};

void add_sampler_options(CLI::App& command, SamplerOptions& options);

}  // namespace realizar::cli
