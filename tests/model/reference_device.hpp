#pragma once

#include <map>
#include <vector>

#include "fusion/device.hpp"

namespace realizar::model {

/// Runs a plan op by op, fused or not, as their comments define them, in doubles over dequantised weights and
/// an unquantised cache. Slow and simple: the specification that devices are compared with. It ignores page
/// tables: one sequence, positions from 0.
class ReferenceDevice : public fusion::Device {
 public:
  explicit ReferenceDevice(fusion::Plan plan)
      : plan_(std::move(plan)), keys_(plan_.kv.size()), values_(plan_.kv.size()) {}

  void reserve_kv(int) override {}
  void copy_page(int, int) override {}
  std::span<const float> run(const fusion::Batch& batch) override;
  fusion::DeviceMemory memory() const override { return {}; }
  const fusion::Plan& plan() const override { return plan_; }

 private:
  friend struct Interpreter;
  const std::vector<float>& floats(fusion::WeightId id);

  fusion::Plan plan_;
  std::map<int, std::vector<float>> floats_;
  std::vector<std::vector<std::vector<double>>> keys_, values_;  // [layer][position][column]
  std::vector<float> logits_;
};

/// (asked, vocab): the logits of a sequence from position 0, of all tokens or of those that are asked for.
std::vector<float> reference_logits(fusion::Plan plan, const std::vector<int32_t>& tokens,
                                    std::vector<uint8_t> wants_logits = {});

}  // namespace realizar::model
