#include "fusion/split_device.hpp"

#include <gtest/gtest.h>

#include "fixtures/cpu_run.hpp"
#include "fixtures/fixtures.hpp"
#include "fusion/split_plan.hpp"
#include "gpu/gpu_device.hpp"
#include "gpu/software_gpu.hpp"
#include "model/model.hpp"
#include "support/nmse.hpp"
#include "support/test_name.hpp"

// The first layers of a model on the CPU, the others on a GPU.
namespace realizar::gpu {
namespace {

using fusion::Arithmetic;
using fusion::KvType;
using Floats = std::vector<float>;

class SplitOnGpu : public GpuTest, public testing::WithParamInterface<const char*> {
 protected:
  /// With so many layers on the GPU.
  std::unique_ptr<fusion::Device> device(int n_gpu_layers, Arithmetic arithmetic, KvType kv) {
    const fusion::DeviceOptions options{.n_threads = 1, .arithmetic = arithmetic, .kv_type = kv};
    if (n_gpu_layers == 0) return make_cpu_device(plan_, options);
    if (n_gpu_layers == n_layers_) return make_gpu_device(plan_, options, device_);
    fusion::SplitPlan parts = fusion::split(plan_, n_layers_ - n_gpu_layers);
    return fusion::join_devices(make_cpu_device(std::move(parts.first), options),
                                make_gpu_device(std::move(parts.second), options, device_));
  }

  /// The logits of all tokens, computed in chunks of 1, 2, ... `longest`, 1, ... tokens.
  Floats logits(std::unique_ptr<fusion::Device> device, size_t longest) {
    test::Sequences sequences(std::move(device));
    const int32_t sequence = sequences.pages().create();
    Floats all;
    for (size_t done = 0, n = std::min(longest, tokens_.size()); done < tokens_.size();
         done += n, n = n % longest + 1) {
      n = std::min(n, tokens_.size() - done);
      const auto rows = sequences.run({{sequence, std::span(tokens_).subspan(done, n)}});
      all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
  }

  const test::Fixture& fixture_ = test::fixture_named(GetParam());
  const std::vector<std::byte> bytes_ = write_fixture(fixture_);
  const formats::Gguf file_{bytes_};
  const fusion::Plan plan_ = model::load_model(file_, {.n_context = test::fixture_context}).plan;
  const std::vector<int32_t> tokens_ = fixture_tokens(fixture_);
  const int n_layers_ = static_cast<int>(plan_.kv.size());
};

TEST_P(SplitOnGpu, EveryCutGivesAboutTheLogitsOfTheCpu) {
  const Floats expected = logits(device(0, Arithmetic::exact, KvType::f32), 1000);
  for (int n = 1; n <= n_layers_; ++n)
    EXPECT_LT(test::nmse(logits(device(n, Arithmetic::exact, KvType::f32), 1000), expected), 1e-5)
        << n << " layers on the GPU";
}

TEST_P(SplitOnGpu, ChunksOfAPromptGiveTheSameBits) {
  EXPECT_EQ(logits(device(1, Arithmetic::fast, KvType::f16), 7),
            logits(device(1, Arithmetic::fast, KvType::f16), 1000));
}

INSTANTIATE_TEST_SUITE_P(Families, SplitOnGpu, testing::Values("llama", "gemma2"),
                         [](const auto& name) { return test::test_name(name.param); });

}  // namespace
}  // namespace realizar::gpu
