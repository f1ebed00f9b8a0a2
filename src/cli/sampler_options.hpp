#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "realizar/generation.hpp"

namespace realizar::cli {

/// How `run` and `chat` choose tokens: greedily unless told otherwise.
struct SamplerOptions {
  SamplerSettings settings{.temperature = 0};
  std::string seed;                     ///< a number, or -1 for a fresh one
  std::vector<std::string> logit_bias;  ///< "ID=BIAS"
  std::vector<std::string> dry_sequence_breakers;

  /// Throws `Error` of kind invalid_argument.
  SamplerSettings sampler_settings() const;
};

void add_sampler_options(CLI::App& command, SamplerOptions& options);

/// Says on stderr if a GPU leaves the choice of a generation's tokens to the CPU, and why.
void warn_of_host_sampling(const GenerationResult& result);

}  // namespace realizar::cli
