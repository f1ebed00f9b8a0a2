#include "gpu/webgpu/device.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <numeric>
#include <vector>

#include "gpu/software_gpu.hpp"
#include "gpu/webgpu/commands.hpp"
#include "gpu/webgpu/gpu_clock.hpp"

namespace realizar::gpu::webgpu {
namespace {

using namespace std::chrono_literals;
using Numbers = std::vector<uint32_t>;

/// out[i] = factor * in[i] + added
constexpr const char* multiply_add = R"(
override factor: u32;
var<immediate> added: u32;
@group(0) @binding(0) var<storage, read> in: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < arrayLength(&in)) { out[id.x] = factor * in[id.x] + added; }
}
)";

class DeviceTest : public GpuTest {
 protected:
  Kernel compile(double factor) const {
    return {*device_,
            {.name = "multiply_add",
             .source = multiply_add,
             .bindings = {Access::read, Access::write},
             .argument_bytes = 4,
             .constants = {{"factor", factor}}}};
  }

  BufferHandle upload(const Numbers& numbers) const {
    BufferHandle buffer = device_->create_buffer(numbers.size() * 4, BufferUse::storage);
    device_->write(buffer.get(), 0, std::as_bytes(std::span(numbers)));
    return buffer;
  }

  Numbers read(Commands&& commands, const BufferHandle& from, size_t n) const {
    const BufferHandle readback = device_->create_buffer(n * 4, BufferUse::readback);
    commands.copy(from.get(), 0, readback.get(), 0, n * 4);
    device_->submit(std::move(commands));
    Numbers numbers(n);
    device_->read(readback.get(), std::as_writable_bytes(std::span(numbers)));
    return numbers;
  }
};

TEST_F(DeviceTest, KernelsRunOneAfterTheOther) {
  Numbers numbers(1000), expected(1000);
  std::iota(numbers.begin(), numbers.end(), 0u);
  for (uint32_t i = 0; i < 1000; ++i) expected[i] = 3 * (2 * i + 5) + 7;
  const Kernel twice = compile(2), thrice = compile(3);
  const BufferHandle in = upload(numbers), between = upload(numbers), out = upload(numbers);
  const Binding a{in.get(), 0, 4000}, b{between.get(), 0, 4000}, c{out.get(), 0, 4000};
  Commands commands(*device_);
  commands.dispatch(twice, {a, b}, uint32_t{5}, {16});
  commands.dispatch(thrice, {b, c}, uint32_t{7}, {16});
  EXPECT_EQ(read(std::move(commands), out, 1000), expected);
}

TEST_F(DeviceTest, ItsClockTakesTheTimeOfSpans) {
  if (!device_->gpu().has_timestamps) GTEST_SKIP() << "this GPU takes no times";
  const Kernel kernel = compile(1);
  const Numbers numbers(1 << 16);
  const BufferHandle in = upload(numbers), out = upload(numbers);
  const Binding a{in.get(), 0, numbers.size() * 4}, b{out.get(), 0, numbers.size() * 4};
  GpuClock clock(*device_, 2);
  Commands commands(*device_);
  const auto run = [&](uint32_t span, int n) {
    clock.start(commands, span);
    for (int i = 0; i < n; ++i) commands.dispatch(kernel, {a, b}, uint32_t{0}, {1024});
    clock.stop(commands);
  };
  run(0, 1);
  run(1, 50);
  clock.finish(commands);
  const auto start = std::chrono::steady_clock::now();
  device_->submit(std::move(commands));
  const std::vector<double> seconds = clock.seconds();
  const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
  EXPECT_GT(seconds[0], 0);
  EXPECT_GT(seconds[1], 0);
  EXPECT_LT(seconds[0] + seconds[1], 1.01 * waited.count());
}

TEST_F(DeviceTest, AWaitEndsWithItsTime) {
  EXPECT_FALSE(device_->wait([] { return false; }, 5ms));
  EXPECT_TRUE(device_->wait([] { return true; }, 0ms));
}

TEST_F(DeviceTest, AKernelThatDoesNotCompileIsOneErrorWithTheCompilersWords) {
  std::string message;
  const auto broken = [&] {
    Kernel(*device_,
           {.name = "broken", .source = "@compute @workgroup_size(1) fn main() { let x: i32 = 1.5; }"});
  };
  EXPECT_EQ(thrown(broken, &message), ErrorKind::internal);
  EXPECT_NE(message.find("'broken'"), std::string::npos) << message;
  EXPECT_NE(message.find("expected to be `i32`"), std::string::npos) << message;
  EXPECT_NO_THROW(compile(2)) << "the device works on";
}

TEST_F(DeviceTest, AKernelThatLacksABindingIsAnError) {
  const auto lacking = [&] {
    Kernel(*device_, {.name = "lacking", .source = multiply_add, .argument_bytes = 4});
  };
  EXPECT_EQ(thrown(lacking), ErrorKind::internal);
}

TEST_F(DeviceTest, ABufferBeyondTheLimitIsAnErrorThatNamesIt) {
  std::string message;
  const uint64_t limit = device_->gpu().max_buffer_bytes;
  EXPECT_EQ(thrown([&] { device_->create_buffer(limit + 4, BufferUse::storage); }, &message),
            ErrorKind::limit_exceeded);
  EXPECT_NE(message.find(std::to_string(limit)), std::string::npos) << message;
}

TEST_F(DeviceTest, WhatIsRecordedWronglyIsAnErrorBeforeItRuns) {
  const Kernel kernel = compile(1);
  const BufferHandle buffer = upload({1, 2, 3, 4});
  const Binding all{buffer.get(), 0, 16};
  Commands commands(*device_);
  EXPECT_EQ(thrown([&] { commands.dispatch(kernel, {all}, uint32_t{0}, {1}); }), ErrorKind::invalid_argument);
  EXPECT_EQ(thrown([&] {
              commands.dispatch(kernel, {all, all}, uint64_t{0}, {1});
            }),
            ErrorKind::invalid_argument);

  const BufferHandle other = upload({1, 2, 3, 4});
  commands.dispatch(kernel, {all, {other.get(), 0, 16}}, uint32_t{0}, {70000});
  EXPECT_EQ(thrown([&] { device_->submit(std::move(commands)); }), ErrorKind::internal);

  Commands aliased(*device_);
  aliased.dispatch(kernel, {all, all}, uint32_t{0}, {1});
  EXPECT_EQ(thrown([&] { device_->submit(std::move(aliased)); }), ErrorKind::internal);
}

TEST_F(DeviceTest, AfterItsLossEverythingIsTheSameError) {
  const Kernel kernel = compile(1);
  const BufferHandle buffer = upload({1, 2, 3, 4});
  Commands recorded(*device_);
  device_->destroy();
  EXPECT_TRUE(device_->lost());
  std::string message;
  EXPECT_EQ(thrown([&] { device_->submit(std::move(recorded)); }, &message), ErrorKind::io);
  EXPECT_NE(message.find("the GPU was lost (given up)"), std::string::npos) << message;
  EXPECT_EQ(thrown([&] { Commands commands(*device_); }), ErrorKind::io);
  EXPECT_EQ(thrown([&] { compile(1); }), ErrorKind::io);
  EXPECT_EQ(thrown([&] { device_->create_buffer(4, BufferUse::storage); }), ErrorKind::io);
  EXPECT_EQ(thrown([&] { device_->write(buffer.get(), 0, std::as_bytes(std::span(&buffer, 0))); }),
            ErrorKind::io);
  EXPECT_EQ(thrown([&] { device_->map(buffer.get(), 16, WGPUMapMode_Read, [](const std::string&) {}); }),
            ErrorKind::io);
}

}  // namespace
}  // namespace realizar::gpu::webgpu
