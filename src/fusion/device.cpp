#include "fusion/device.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace realizar::fusion {
namespace {

class DoneBatch final : public StartedBatch {
 public:
  explicit DoneBatch(std::span<const float> logits) : logits_(logits) {}
  BatchResult result() override { return {{}, logits_}; }

 private:
  std::span<const float> logits_;
};

}  // namespace

std::unique_ptr<StartedBatch> Device::start(const Batch& batch, std::span<const TokenChoice> choices) {
  const auto is_chosen = [](const TokenChoice& choice) { return choice.top_k > 0; };
  require(std::none_of(choices.begin(), choices.end(), is_chosen), ErrorKind::invalid_argument,
          "this device chooses no tokens");
  return std::make_unique<DoneBatch>(run(batch));
}

}  // namespace realizar::fusion
