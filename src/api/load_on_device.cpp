#include <algorithm>
#include <string>

#include "api/model_info.hpp"
#include "api/options.hpp"
#include "api/transformer.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "formats/gguf_file.hpp"
#include "fusion/split_device.hpp"
#include "fusion/split_plan.hpp"
#include "gpu/gpu_device.hpp"
#include "model/model.hpp"
#include "realizar/devices.hpp"

namespace realizar {
namespace {

using Release = std::function<void(std::span<const std::byte>)>;

GGUFTransformer load_on_cpu(const std::filesystem::path& path, const LoadOptions& options) {
  return load_transformer(path, options, fusion::make_cpu_device);
}

/// The last `n_gpu_layers` of the layers (-1: all) on the GPU, which then has the output matrix too, the
/// largest of all, and gives the logits; what crosses from the CPU is one row of the residual stream a token.
/// `bytes_sent` follows how much of the weights the GPU has taken.
std::unique_ptr<fusion::Device> make_device(fusion::Plan plan, const fusion::DeviceOptions& options,
                                            const Release& release, const DeviceFactory& make_gpu,
                                            int n_gpu_layers, uint64_t& bytes_sent) {
  const auto n_layers = static_cast<int>(plan.kv.size());
  if (n_gpu_layers == 0) return fusion::make_cpu_device(std::move(plan), options, release);
  fusion::DeviceOptions gpu_options = options;
  gpu_options.progress = [&](uint64_t done, uint64_t total) {
    bytes_sent = done;
    if (options.progress) options.progress(done, total);
  };
  if (n_gpu_layers < 0 || n_gpu_layers >= n_layers) return make_gpu(std::move(plan), gpu_options, release);
  fusion::SplitPlan parts = fusion::split(plan, n_layers - n_gpu_layers);
  // The GPU first: it is the one that may have no room.
  auto second = make_gpu(std::move(parts.second), gpu_options, release);
  return fusion::join_devices(fusion::make_cpu_device(std::move(parts.first), options, release),
                              std::move(second));
}

/// The most layers, fewer than `failed` (-1: all), that take no more of a GPU than `bytes`.
int layers_within(uint64_t bytes, const std::filesystem::path& path, const LoadOptions& options, int failed) {
  const formats::GgufFile file = formats::GgufFile::open(path.string());
  const model::Model model = model::load_model(file.gguf(), {.n_context = options.n_context});
  ModelShape shape;
  shape.n_context_train = model.hyperparameters.n_context;
  const auto n_layers = static_cast<int>(model.plan.kv.size());
  const auto taken = [&](int n) {
    const model::MemoryEstimate memory = model::estimate_memory(
        fusion::split(model.plan, n_layers - n).second, choose_context(options, shape),
        to_fusion(options.kv_type), options.max_batch_tokens, to_fusion(options.arithmetic));
    return memory.weights + memory.kv * static_cast<uint64_t>(options.n_streams) + memory.activations;
  };
  int n = (failed < 0 ? n_layers : std::min(failed, n_layers)) - 1;
  while (n > 0 && taken(n) > bytes) --n;
  return n;
}

}  // namespace

// WebGPU does not tell how much memory is free: where the number of layers is not asked for, it is tried with
// all of them, and then with as many as fit into what the GPU has taken of those.
GGUFTransformer load_on_gpu(const std::filesystem::path& path, const LoadOptions& options,
                            const DeviceFactory& make_gpu) {
  int n_gpu_layers = options.n_gpu_layers;
  std::string reason;
  while (true) {
    uint64_t bytes_sent = 0;
    const auto make = [&](fusion::Plan plan, const fusion::DeviceOptions& device_options,
                          const Release& release) {
      return make_device(std::move(plan), device_options, release, make_gpu, n_gpu_layers, bytes_sent);
    };
    try {
      GGUFTransformer model = load_transformer(path, options, make);
      if (!reason.empty() && options.on_fallback)
        options.on_fallback(concat("computing on ", model.device(), ": ", reason));
      return model;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::out_of_memory || options.n_gpu_layers >= 0) throw;
      n_gpu_layers = layers_within(bytes_sent, path, options, n_gpu_layers);
      if (n_gpu_layers == 0) throw;
      reason = error.what();
    }
  }
}

GGUFTransformer load_or_fall_back(const std::filesystem::path& path, const LoadOptions& options,
                                  const DeviceFactory& make_gpu) {
  try {
    return load_on_gpu(path, options, make_gpu);
  } catch (const Error& error) {
    // What is wrong with the file or the options is wrong on the CPU too, and is said there.
    GGUFTransformer model = load_on_cpu(path, options);
    if (options.on_fallback) options.on_fallback(concat("computing on the CPU: ", error.what()));
    return model;
  }
}

GGUFTransformer GGUFTransformer::load(const std::filesystem::path& path, const LoadOptions& options) {
  const auto make_gpu = [&](fusion::Plan plan, const fusion::DeviceOptions& device_options,
                            const Release& release) {
    return gpu::make_gpu_device(std::move(plan), device_options, options.gpu, release);
  };
  switch (options.device) {
    case DeviceChoice::gpu:
      return load_on_gpu(path, options, make_gpu);
    case DeviceChoice::automatic:
      if (options.arithmetic == Arithmetic::fast && (options.gpu != "auto" || list_gpus().automatic >= 0))
        return load_or_fall_back(path, options, make_gpu);
      break;
    case DeviceChoice::cpu:
      break;
  }
  return load_on_cpu(path, options);
}

}  // namespace realizar
