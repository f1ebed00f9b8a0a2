#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "formats/gguf_file.hpp"
#include "fusion/device.hpp"
#include "model/evaluator.hpp"
#include "model/kv_pages.hpp"
#include "realizar/transformer.hpp"

namespace realizar {

/// A loaded model: the file, the device that computes it, and the books of the device's cache.
struct GGUFTransformer::Impl {
  formats::GgufFile file;  // the plan's weights are views into it
  fusion::Plan plan;       // before fusion
  ModelShape shape{};
  int n_context = 0;
  int n_threads = 0;
  int max_batch_tokens = 0;
  fusion::Arithmetic arithmetic = fusion::Arithmetic::fast;
  fusion::KvType kv_type = fusion::KvType::f16;
  std::optional<Tokenizer> tokenizer{};
  std::optional<std::string>
      chat_template{};  // parsed when it is used: a broken one keeps nothing else from working
  std::unique_ptr<fusion::Device> device{};
  std::unique_ptr<model::KvPages> pages{};
  std::unique_ptr<model::Evaluator> evaluator{};  // holds pages between calls
  double load_seconds = 0;
};

/// Makes the device of a plan, as `fusion::make_cpu_device` does.
using DeviceFactory = std::function<std::unique_ptr<fusion::Device>(
    fusion::Plan plan, const fusion::DeviceOptions& options,
    const std::function<void(std::span<const std::byte>)>& release)>;

/// What `GGUFTransformer::load` does, with any device.
GGUFTransformer load_transformer(const std::filesystem::path& path, const LoadOptions& options,
                                 const DeviceFactory& make_device);
GGUFTransformer load_transformer(formats::GgufFile file, const LoadOptions& options,
                                 const DeviceFactory& make_device);

/// What it does for DeviceChoice::gpu with any device that plays the GPU: with as many layers there as
/// `options.n_gpu_layers` says, or as it has room for.
GGUFTransformer load_on_gpu(const std::filesystem::path& path, const LoadOptions& options,
                            const DeviceFactory& make_gpu);

/// Likewise for DeviceChoice::automatic where a GPU was found: on the CPU, with one warning, where that
/// cannot run the model.
GGUFTransformer load_or_fall_back(const std::filesystem::path& path, const LoadOptions& options,
                                  const DeviceFactory& make_gpu);

}  // namespace realizar
