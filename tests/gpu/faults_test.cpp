#include <gtest/gtest.h>

#include "fixtures/fixtures.hpp"
#include "formats/gguf.hpp"
#include "gpu/gpu_device.hpp"
#include "gpu/software_gpu.hpp"
#include "model/model.hpp"

// What can go wrong with a GPU while a model is put onto it: each time it is one error, and what was there
// before works on. (Under AddressSanitizer also: nothing is leaked.)
namespace realizar::gpu {
namespace {

using webgpu::Adapter;

class GpuFaults : public GpuTest {
 protected:
  std::unique_ptr<fusion::Device> load(const fusion::DeviceOptions& options) {
    auto device = make_gpu_device(plan_, options, device_);
    device->reserve_kv(1);
    return device;
  }

  /// The adapter of the GPU that is open.
  Adapter adapter() {
    for (Adapter& adapter : webgpu::enumerate_adapters())
      if (adapter.gpu.name == device_->gpu().name) return std::move(adapter);
    fail(ErrorKind::internal, "the GPU is gone");
  }

  const std::vector<std::byte> bytes_ = write_fixture(test::fixtures().front());
  const formats::Gguf file_{bytes_};
  const fusion::Plan plan_ = model::load_model(file_, {.n_context = test::fixture_context}).plan;
};

TEST_F(GpuFaults, LostWhileWeightsAreSent) {
  std::string message;
  fusion::DeviceOptions options;
  options.progress = [&](uint64_t, uint64_t) { device_->destroy(); };
  EXPECT_EQ(thrown([&] { load(options); }, &message), ErrorKind::io);
  EXPECT_EQ(message.rfind("the GPU was lost", 0), 0u) << message;
}

TEST_F(GpuFaults, OutOfMemoryInTheMiddleOfTheWeights) {
  const uint64_t all = load({})->memory().weights;
  std::string message;
  uint64_t done = 0, total = 0;
  fusion::DeviceOptions options{.gpu_memory_limit = all / 2};
  options.progress = [&](uint64_t sent, uint64_t of) { done = sent, total = of; };
  EXPECT_EQ(thrown([&] { load(options); }, &message), ErrorKind::out_of_memory);
  EXPECT_NE(message.find("exceeds the memory limit of the GPU"), std::string::npos) << message;
  EXPECT_GT(done, 0u);
  EXPECT_LT(done, total);
  EXPECT_NO_THROW(load({})) << "the GPU has its memory back";
}

TEST_F(GpuFaults, OutOfMemoryForTheCache) {
  const fusion::DeviceMemory memory = load({})->memory();
  const uint64_t limit = 2 * (memory.weights + memory.activations);
  const auto device = make_gpu_device(plan_, {.gpu_memory_limit = limit}, device_);
  const auto too_many = static_cast<int>(limit / memory.kv_page);
  EXPECT_EQ(thrown([&] { device->reserve_kv(too_many); }), ErrorKind::out_of_memory);
  EXPECT_NO_THROW(device->reserve_kv(1)) << "less fits";
}

TEST_F(GpuFaults, AnAdapterThatLacksAFeature) {
  Adapter lacking = adapter();
  lacking.gpu.problem = "it lacks immediate data (push constants)";
  std::string message;
  EXPECT_EQ(thrown([&] { webgpu::Device device(lacking); }, &message), ErrorKind::unsupported);
  EXPECT_NE(message.find("it lacks immediate data"), std::string::npos) << message;
}

/// Before the first token: so `auto` still has the choice.
TEST_F(GpuFaults, AShaderThatDoesNotCompile) {
  Adapter narrow = adapter();
  narrow.limits.maxComputeInvocationsPerWorkgroup = 32;
  device_ = std::make_shared<webgpu::Device>(narrow);
  std::string message;
  EXPECT_EQ(thrown([&] { load({}); }, &message), ErrorKind::internal);
  EXPECT_EQ(message.rfind("the GPU could not compile the kernel '", 0), 0u) << message;
}

}  // namespace
}  // namespace realizar::gpu
