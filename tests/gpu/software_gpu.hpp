#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "gpu/webgpu/device.hpp"

namespace realizar::gpu {

/// What a test needs to run on: the GPU that the environment variable REALIZAR_TEST_GPU names, else the one
/// that the processor plays.
inline std::string test_gpu_name() {
  const char* const name = std::getenv("REALIZAR_TEST_GPU");
  return name ? name : "software";
}

/// Tests on a GPU, opened for each of them. They skip where there is none.
class GpuTest : public testing::Test {
 protected:
  void SetUp() override {
    try {
      device_ = webgpu::Device::open(test_gpu_name());
    } catch (const Error& error) {
      GTEST_SKIP() << "no GPU for tests: " << std::string(error.what()).substr(0, 80);
    }
  }

  std::shared_ptr<webgpu::Device> device_;
};

/// The kind of error that `call` throws, none when it throws no error. `message`, if given, gets its words.
template <class Call>
std::optional<ErrorKind> thrown(Call&& call, std::string* message = nullptr) {
  try {
    call();
  } catch (const Error& error) {
    if (message) *message = error.what();
    return error.kind();
  }
  return std::nullopt;
}

}  // namespace realizar::gpu
