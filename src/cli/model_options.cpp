#include "cli/model_options.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "cli/progress_bar.hpp"
#include "cli/whole_number.hpp"
#include "realizar/error.hpp"

namespace realizar::cli {

std::filesystem::path default_model() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::filesystem::path folder =
      cache && *cache ? std::filesystem::path(cache) : std::filesystem::path(home ? home : "") / ".cache";
  return folder / "realizar" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf";
}

LoadOptions ModelOptions::load_options() const {
  LoadOptions load;
  load.device = device == "cpu"   ? DeviceChoice::cpu
                : device == "gpu" ? DeviceChoice::gpu
                                  : DeviceChoice::automatic;
  load.gpu = gpu;
  load.n_gpu_layers = n_gpu_layers;
  load.gpu_memory_limit = static_cast<uint64_t>(gpu_memory_mib) << 20;
  load.n_threads = n_threads;
  load.arithmetic = arithmetic == "exact" ? Arithmetic::exact : Arithmetic::fast;
  load.kv_type = kv_type == "f32" ? KvType::f32 : kv_type == "q8_0" ? KvType::q8_0 : KvType::f16;
  load.n_context = n_context;
  return load;
}

void add_model_options(CLI::App& command, ModelOptions& options, ModelArgument argument,
                       const std::string& context_help) {
  const bool required = argument == ModelArgument::required;
  command
      .add_option("MODEL", options.model, required ? "GGUF file" : "GGUF file; without it the default model")
      ->required(required)
      ->type_name("");
  command
      .add_option("--device", options.device,
                  "where to compute: cpu, gpu, or auto: a real GPU where there is one")
      ->check(CLI::IsMember({"auto", "cpu", "gpu"}).description(""))
      ->type_name("DEVICE")
      ->capture_default_str();
  command
      .add_option("--gpu", options.gpu, "which GPU: auto, software, or (part of) a name (realizar devices)")
      ->type_name("NAME")
      ->capture_default_str();
  whole_number(
      command.add_option("--gpu-layers", options.n_gpu_layers,
                         "layers that run on the GPU, the last ones, with the output matrix, and the "
                         "others on the CPU; without it as many as the GPU has room for"),
      0, 1 << 16)
      ->type_name("N");
  whole_number(command.add_option("--gpu-memory", options.gpu_memory_mib,
                                  "MiB that the GPU may be asked for; 0: all that it has"),
               0, 1 << 24)
      ->type_name("MIB")
      ->capture_default_str();
  whole_number(command.add_option("-t,--threads", options.n_threads,
                                  "threads to compute with; 0: one a physical core"),
               0, 1024)
      ->type_name("T")
      ->capture_default_str();
  command.add_option("--kv", options.kv_type, "how keys and values are stored: f16, f32 or q8_0")
      ->check(CLI::IsMember({"f16", "f32", "q8_0"}).description(""))
      ->type_name("TYPE")
      ->capture_default_str();
  command
      .add_option("--arithmetic", options.arithmetic,
                  "fast: activations in int8 a block; exact: activations in f32")
      ->check(CLI::IsMember({"fast", "exact"}).description(""))
      ->type_name("MODE")
      ->capture_default_str();
  whole_number(command.add_option("-c,--context", options.n_context, context_help), 0, 1 << 30)
      ->type_name("C")
      ->capture_default_str();
}

std::string model_path(const ModelOptions& options) {
  if (!options.model.empty()) return options.model;
  const std::filesystem::path path = default_model();
  if (!std::filesystem::exists(path))
    throw Error(ErrorKind::io, "no MODEL is given, and the default model is not at " + path.string() +
                                   ": run scripts/fetch_model, or name a GGUF file");
  return path.string();
}

GGUFTransformer load_model(const ModelOptions& options, LoadOptions load) {
  const std::string path = model_path(options);
  ProgressBar bar("loading " + std::filesystem::path(path).filename().string());
  load.progress = [&bar](uint64_t done, uint64_t total) { bar.update(done, total); };
  load.on_fallback = [](const std::string& message) {
    std::fprintf(stderr, "realizar: %s\n", message.c_str());
  };
  return GGUFTransformer::load(path, load);
}

}  // namespace realizar::cli
