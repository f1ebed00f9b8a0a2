#include <gtest/gtest.h>

#include "fixtures/cpu_run.hpp"
#include "fusion/small_plan.hpp"
#include "gpu/gpu_device.hpp"
#include "gpu/software_gpu.hpp"
#include "kernels/random_inputs.hpp"
#include "support/nmse.hpp"

// Feed-forward layers of several steps of columns: the norm of the first stands behind an embedding, that of
// the second behind a product, which leaves peaks for a token alone.
namespace realizar::gpu {
namespace {

using kernels::TensorType;
using kernels::test::RandomMatrix;
using test::Sequences;
using Floats = std::vector<float>;

class FeedForwardPlan {
 public:
  static constexpr int n_tokens = 10;

  explicit FeedForwardPlan(TensorType type) : type_(type) {
    fusion::Slot x = small_.embed(width);
    plan().weights[0].data = std::as_bytes(std::span(table_));
    for (int layer = 0; layer < 2; ++layer) {
      const fusion::Slot normed = small_.norm(x, "norm");
      plan().weights.back().data = std::as_bytes(std::span(norm_));
      const fusion::Slot gate = linear(normed, hidden), up = linear(normed, hidden);
      x = small_.add(x, linear(small_.gate(gate, up), width));
    }
    small_.logits(x);
    plan().weights.back().n_rows = width;
    plan().weights.back().data = std::as_bytes(std::span(identity_));
    plan().n_vocab = width;
    for (int i = 0; i < width; ++i) identity_[static_cast<size_t>(i * (width + 1))] = 1;
  }
  fusion::Plan& plan() { return small_.plan; }

 private:
  static constexpr int width = 1280, hidden = 768;

  fusion::Slot linear(fusion::Slot x, int n_rows) {
    const fusion::Slot out = small_.linear(x, "linear", n_rows);
    matrices_.push_back(std::make_unique<RandomMatrix>(random_, type_, n_rows, x.width, true));
    plan().weights.back().type = type_;
    plan().weights.back().data = std::as_bytes(std::span(matrices_.back()->file));
    return out;
  }

  TensorType type_;
  std::mt19937 random_{1};
  fusion::SmallPlan small_;
  Floats table_ = kernels::test::random_floats(random_, n_tokens*width),
         norm_ = kernels::test::random_floats(random_, width), identity_ = Floats(width * width);
  std::vector<std::unique_ptr<RandomMatrix>> matrices_;
};

class GpuLateNorm : public GpuTest, public testing::WithParamInterface<TensorType> {};

TEST_P(GpuLateNorm, IsThatOfTheCpuAndHasTheSameBitsForOneToken) {
  FeedForwardPlan plan(GetParam());
  fusion::DeviceOptions options;
  options.max_batch_tokens = FeedForwardPlan::n_tokens;
  Sequences gpu(make_gpu_device(plan.plan(), options, device_));
  Sequences cpu(fusion::make_cpu_device(plan.plan(), options));
  const std::vector<int32_t> tokens = {3, 1, 4, 0, 5, 9, 2, 6};
  const auto run = [&](Sequences& device, std::span<const int32_t> some) {
    const auto results = device.run({{device.pages().create(), some}});
    return Floats(results.begin(), results.end());
  };
  const Floats all = run(gpu, tokens);
  EXPECT_LT(test::nmse(all, run(cpu, tokens)), 1e-4);
  Floats alone;
  for (const int32_t& token : tokens) {
    const Floats one = run(gpu, {&token, 1});
    alone.insert(alone.end(), one.begin(), one.end());
  }
  EXPECT_EQ(alone, all);
}

INSTANTIATE_TEST_SUITE_P(Formats, GpuLateNorm,
                         testing::Values(TensorType::q4_k, TensorType::q6_k, TensorType::q8_0),
                         [](const auto& type) { return kernels::info(type.param).name; });

}  // namespace
}  // namespace realizar::gpu
