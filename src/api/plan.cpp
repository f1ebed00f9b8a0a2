#include "fusion/plan.hpp"

#include "formats/gguf_file.hpp"
#include "model/model.hpp"
#include "realizar/model_info.hpp"

namespace realizar {

std::string describe_plan(const std::filesystem::path& path, PlanFormat format) {
  const formats::GgufFile file = formats::GgufFile::open(path.string());
  const fusion::Plan plan = fusion::fuse(model::load_model(file.gguf()).plan);
  return format == PlanFormat::dot ? fusion::to_dot(plan) : fusion::to_text(plan);
}

}  // namespace realizar
