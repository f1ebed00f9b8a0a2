#include "fusion/split_device.hpp"

#include "base/text.hpp"

namespace realizar::fusion {
namespace {

class SplitDevice final : public Device {
 public:
  SplitDevice(std::unique_ptr<Device> first, std::unique_ptr<Device> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  void reserve_kv(int n_pages) override {
    first_->reserve_kv(n_pages);
    second_->reserve_kv(n_pages);
  }
  void copy_page(int from, int to) override {
    first_->copy_page(from, to);
    second_->copy_page(from, to);
  }

  std::span<const float> run(const Batch& batch) override {
    Batch part = batch;
    const std::vector<uint8_t> all(batch.tokens.size(), 1);
    part.wants_logits = all;
    part.rows = first_->run(part);
    part.wants_logits = batch.wants_logits;
    return second_->run(part);
  }

  DeviceMemory memory() const override {
    const DeviceMemory a = first_->memory(), b = second_->memory();
    return {a.weights + b.weights, a.activations + b.activations, a.kv_page + b.kv_page,
            a.kv_pages + b.kv_pages};
  }
  std::string gpu() const override {
    const size_t n = second_->plan().kv.size();
    return concat(second_->gpu(), " with ", n, " of ", first_->plan().kv.size() + n, " layers");
  }
  KernelNames kernels_of_token() override { return second_->kernels_of_token(); }
  const Plan& plan() const override { return second_->plan(); }

 private:
  std::unique_ptr<Device> first_, second_;
};

}  // namespace

std::unique_ptr<Device> join_devices(std::unique_ptr<Device> first, std::unique_ptr<Device> second) {
  return std::make_unique<SplitDevice>(std::move(first), std::move(second));
}

}  // namespace realizar::fusion
