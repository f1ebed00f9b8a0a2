#include "api/transformer.hpp"

namespace realizar {

GGUFTransformer GGUFTransformer::load(const std::filesystem::path& path, const LoadOptions& options) {
  return load_transformer(path, options, fusion::make_cpu_device);
}

}  // namespace realizar
