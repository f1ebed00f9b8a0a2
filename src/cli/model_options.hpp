#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "realizar/transformer.hpp"

// What all commands share that compute with a model.
namespace realizar::cli {

struct ModelOptions {
  std::string model;  ///< empty: the default model
  std::string device = "auto", gpu = "auto";
  int n_gpu_layers = -1, gpu_memory_mib = 0;
  int n_threads = 0;
  std::string kv_type = "f16";
  std::string arithmetic = "fast";
  int n_context = 0;

  LoadOptions load_options() const;
};

enum class ModelArgument { required, optional };

/// Adds MODEL, --device, --gpu, --gpu-layers, --gpu-memory, --threads, --kv, --arithmetic and --context to a
/// command.
void add_model_options(CLI::App& command, ModelOptions& options, ModelArgument argument,
                       const std::string& context_help =
                           "positions of the longest text; 0: what the model was "
                           "trained for, at most 8192");

/// Where scripts/fetch_model puts the default model.
std::filesystem::path default_model();

/// The file that the options name. Throws `Error` of kind io, saying how to fetch it, when that is the
/// default model and it is not there.
std::string model_path(const ModelOptions& options);

/// Loads the model, with a progress bar, and a warning where a GPU cannot run it, or not all of it.
GGUFTransformer load_model(const ModelOptions& options, LoadOptions load);
inline GGUFTransformer load_model(const ModelOptions& options) {
  return load_model(options, options.load_options());
}

}  // namespace realizar::cli
