#include <gtest/gtest.h>

#include "api/support.hpp"
#include "base/error.hpp"
#include "realizar/devices.hpp"

// Which layers run on a GPU, and what happens where it cannot run them. A CPU device plays the GPU.
namespace realizar::test {
namespace {

using Release = std::function<void(std::span<const std::byte>)>;

class FakeGpu final : public fusion::Device {
 public:
  explicit FakeGpu(std::unique_ptr<fusion::Device> device) : device_(std::move(device)) {}
  void reserve_kv(int n_pages) override { device_->reserve_kv(n_pages); }
  void copy_page(int from, int to) override { device_->copy_page(from, to); }
  std::span<const float> run(const fusion::Batch& batch) override { return device_->run(batch); }
  fusion::DeviceMemory memory() const override { return device_->memory(); }
  const fusion::Plan& plan() const override { return device_->plan(); }
  std::string gpu() const override { return "fake GPU"; }

 private:
  std::unique_ptr<fusion::Device> device_;
};

/// A GPU that takes so many bytes of weights.
DeviceFactory gpu_with_room(uint64_t bytes) {
  return [bytes](fusion::Plan plan, const fusion::DeviceOptions& options, const Release& release) {
    fusion::DeviceOptions limited = options;
    limited.progress = [&](uint64_t done, uint64_t total) {
      require(done <= bytes, ErrorKind::out_of_memory, "the fake GPU is full");
      options.progress(done, total);
    };
    return std::make_unique<FakeGpu>(fusion::make_cpu_device(std::move(plan), limited, release));
  };
}

DeviceFactory broken_gpu(ErrorKind kind) {
  return [kind](fusion::Plan, const fusion::DeviceOptions&,
                const Release&) -> std::unique_ptr<fusion::Device> { fail(kind, "the fake GPU is broken"); };
}

class LoadOnGpu : public testing::Test {
 protected:
  LoadOnGpu() {
    write_tiny_model(path_);
    options_ = {.n_threads = 1, .n_context = 64, .max_batch_tokens = 4};
    options_.on_fallback = [this](const std::string& message) { messages_.push_back(message); };
  }
  std::vector<float> logits_on_cpu() {
    return GGUFTransformer::load(path_, {.n_threads = 1, .n_context = 64}).forward(some_tokens(20));
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("tiny.gguf");
  LoadOptions options_;
  std::vector<std::string> messages_;
};

using Messages = std::vector<std::string>;
constexpr uint64_t much = 1 << 30;

TEST_F(LoadOnGpu, TheLastLayersRunThereAsAsked) {
  const std::vector<float> expected = logits_on_cpu();
  const char* const names[] = {"CPU", "fake GPU with 1 of 2 layers", "fake GPU", "fake GPU"};
  for (int n = 0; n <= 3; ++n) {
    options_.n_gpu_layers = n;
    GGUFTransformer model = load_on_gpu(path_, options_, gpu_with_room(much));
    EXPECT_EQ(model.device(), names[n]);
    EXPECT_EQ(model.forward(some_tokens(20)), expected);
  }
  EXPECT_TRUE(messages_.empty());
}

TEST_F(LoadOnGpu, AsManyRunThereAsItHasRoomForAndOneWarningSaysSo) {
  const uint64_t all = load_on_gpu(path_, options_, gpu_with_room(much)).memory().weights;
  GGUFTransformer model = load_on_gpu(path_, options_, gpu_with_room(all * 9 / 10));
  EXPECT_EQ(model.device(), "fake GPU with 1 of 2 layers");
  EXPECT_EQ(messages_, Messages{"computing on fake GPU with 1 of 2 layers: the fake GPU is full"});
  EXPECT_EQ(model.forward(some_tokens(20)), logits_on_cpu());
}

TEST_F(LoadOnGpu, ANumberOfLayersThatIsAskedForIsKeptOrAnError) {
  options_.n_gpu_layers = 2;
  EXPECT_EQ(error_of([&] { load_on_gpu(path_, options_, gpu_with_room(1000)); }), ErrorKind::out_of_memory);
  EXPECT_TRUE(messages_.empty());
}

TEST_F(LoadOnGpu, NoRoomForALayerIsAnError) {
  EXPECT_EQ(error_of([&] { load_on_gpu(path_, options_, gpu_with_room(1000)); }), ErrorKind::out_of_memory);
}

TEST_F(LoadOnGpu, AutoComputesOnTheCpuWithOneWarningWhateverIsWrong) {
  const std::vector<float> expected = logits_on_cpu();
  for (const ErrorKind kind : {ErrorKind::io, ErrorKind::out_of_memory, ErrorKind::limit_exceeded,
                               ErrorKind::unsupported, ErrorKind::internal}) {
    messages_.clear();
    EXPECT_EQ(error_of([&] { load_on_gpu(path_, options_, broken_gpu(kind)); }), kind);
    GGUFTransformer model = load_or_fall_back(path_, options_, broken_gpu(kind));
    EXPECT_EQ(model.device(), "CPU");
    EXPECT_EQ(messages_, Messages{"computing on the CPU: the fake GPU is broken"});
    EXPECT_EQ(model.forward(some_tokens(20)), expected);
  }
}

TEST_F(LoadOnGpu, WhatIsWrongWithTheFileIsNoFaultOfTheGpu) {
  const auto load = [&] { load_or_fall_back(folder_.file("none.gguf"), options_, gpu_with_room(much)); };
  EXPECT_EQ(error_of(load), ErrorKind::io);
  EXPECT_TRUE(messages_.empty());
}

TEST(Crossovers, AreWhereTheGpuBeginsToBeAlwaysFaster) {
  const Crossover late{"dot", {{1, 1, 2}, {4, 3, 2}, {16, 2, 3}, {64, 9, 4}, {256, 9, 5}}};
  EXPECT_EQ(late.n_numbers(), 64);
  const Crossover never{"dot", {{1, 2, 1}, {4, 1, 2}}};
  EXPECT_EQ(never.n_numbers(), 0);
}

}  // namespace
}  // namespace realizar::test
