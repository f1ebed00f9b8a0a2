#include "fusion/plan.hpp"

#include "api/options.hpp"
#include "base/error.hpp"
#include "formats/gguf_file.hpp"
#include "gpu/gpu_device.hpp"
#include "model/model.hpp"
#include "realizar/model_info.hpp"

namespace realizar {

std::string describe_plan(const std::filesystem::path& path, PlanFormat format) {
  const formats::GgufFile file = formats::GgufFile::open(path.string());
  const fusion::Plan plan = fusion::fuse(model::load_model(file.gguf()).plan);
  return format == PlanFormat::dot ? fusion::to_dot(plan) : fusion::to_text(plan);
}

std::string describe_plan_on_gpu(const std::filesystem::path& path, const LoadOptions& options) {
  const formats::GgufFile file = formats::GgufFile::open(path.string());
  const auto device = gpu::make_gpu_device(
      model::load_model(file.gguf()).plan,
      {.arithmetic = to_fusion(options.arithmetic), .kv_type = to_fusion(options.kv_type)}, options.gpu);
  device->reserve_kv(1);
  return fusion::to_text(device->plan(), device->kernels_of_token()) + "of a decoded token on " +
         device->gpu() + "\n";
}

}  // namespace realizar
