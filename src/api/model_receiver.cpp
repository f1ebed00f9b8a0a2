#include "realizar/model_receiver.hpp"

#include <utility>

#include "api/transformer.hpp"
#include "base/error.hpp"
#include "formats/gguf_receiver.hpp"

namespace realizar {

struct ModelReceiver::Impl {
  formats::GgufReceiver file;
};

ModelReceiver::ModelReceiver(std::string name, uint64_t n_bytes)
    : impl_(std::make_unique<Impl>(Impl{formats::GgufReceiver(std::move(name), n_bytes)})) {}
ModelReceiver::~ModelReceiver() = default;
ModelReceiver::ModelReceiver(ModelReceiver&&) noexcept = default;
ModelReceiver& ModelReceiver::operator=(ModelReceiver&&) noexcept = default;

void ModelReceiver::append(std::span<const std::byte> bytes) { impl_->file.append(bytes); }

GGUFTransformer ModelReceiver::load(const LoadOptions& options) && {
  require(options.device != DeviceChoice::gpu, ErrorKind::invalid_argument,
          "a model that was received computes on the CPU: load it from a file to have it on a GPU");
  return load_transformer(std::move(impl_->file).finish(), options, fusion::make_cpu_device);
}

}  // namespace realizar
