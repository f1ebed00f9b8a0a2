#include "gpu/webgpu/adapter.hpp"

#include <gtest/gtest.h>

#include "gpu/software_gpu.hpp"

namespace realizar::gpu::webgpu {
namespace {

Gpu gpu(const std::string& name, GpuType type, const std::string& problem = "") {
  Gpu gpu;
  gpu.name = name;
  gpu.type = type;
  gpu.problem = problem;
  return gpu;
}

const std::vector<Gpu> machine = {gpu("llvmpipe (LLVM)", GpuType::software),
                                  gpu("Iris Graphics", GpuType::integrated),
                                  gpu("Old GeForce", GpuType::discrete, "it lacks something"),
                                  gpu("GeForce A", GpuType::discrete), gpu("GeForce B", GpuType::discrete)};

TEST(ChooseGpu, AutoTakesADiscreteOneThatWorks) {
  EXPECT_EQ(automatic_choice(machine), 3);
  EXPECT_EQ(choose_by_name(machine, "auto"), 3);
}

TEST(ChooseGpu, AutoTakesAnIntegratedOneBeforeNone) {
  EXPECT_EQ(automatic_choice(std::span(machine).first(3)), 1);
}

TEST(ChooseGpu, AutoNeverTakesSoftware) {
  const auto software = std::span(machine).first(1);
  EXPECT_EQ(automatic_choice(software), -1);
  EXPECT_EQ(thrown([&] { choose_by_name(software, "auto"); }), ErrorKind::io);
  EXPECT_EQ(choose_by_name(machine, "software"), 0);
}

TEST(ChooseGpu, APartOfANameIsEnoughIfItFitsOne) {
  EXPECT_EQ(choose_by_name(machine, "iris"), 1);
  EXPECT_EQ(choose_by_name(machine, "GEFORCE b"), 4);
  std::string message;
  EXPECT_EQ(thrown([&] { choose_by_name(machine, "GeForce"); }, &message), ErrorKind::invalid_argument);
  EXPECT_EQ(thrown([&] { choose_by_name(machine, "Radeon"); }, &message), ErrorKind::invalid_argument);
  EXPECT_NE(message.find("'Iris Graphics'"), std::string::npos) << message;
}

TEST(ChooseGpu, TheFirstOfSeveralThatAreTheSame) {
  const std::vector<Gpu> twins = {gpu("H100", GpuType::discrete), gpu("H100", GpuType::discrete)};
  EXPECT_EQ(choose_by_name(twins, "h100"), 0);
}

TEST_F(GpuTest, ItSaysWhatItIs) {
  const Gpu& gpu = device_->gpu();
  EXPECT_FALSE(gpu.name.empty());
  EXPECT_FALSE(gpu.driver.empty());
  EXPECT_GE(gpu.max_buffer_bytes, uint64_t{256} << 20);
  EXPECT_GE(gpu.max_binding_bytes, uint64_t{128} << 20);
  EXPECT_GE(gpu.max_workgroup_threads, 256);
  EXPECT_GE(gpu.workgroup_bytes, 16384);
  EXPECT_TRUE(gpu.has_integer_dot);
}

}  // namespace
}  // namespace realizar::gpu::webgpu
