#include "gpu/gpu_ceilings.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "gpu/webgpu/gpu_clock.hpp"
#include "gpu/webgpu/kernel_sources.hpp"

namespace realizar::gpu {
namespace {

using webgpu::Access;
using webgpu::Commands;

struct Times {
  double encode, all, gpu;  // gpu: of the clock, or of waiting where there is none
};

class Runner {
 public:
  Runner(const webgpu::Device& device, GpuBufferPool& pool)
      : device_(device),
        out_(pool.acquire(4)),
        readback_(pool.acquire(4, webgpu::BufferUse::readback)),
        kernel_(device, {.name = "read",
                         .source = webgpu::kernel_source("read"),
                         .bindings = {Access::read, Access::write},
                         .argument_bytes = 4}) {
    if (device.gpu().has_timestamps) clock_ = std::make_unique<webgpu::GpuClock>(device, 1);
  }

  /// The best of several runs of n_kernels readers of a buffer, one after the other.
  Times run(const webgpu::Binding& memory, uint32_t n_groups, int n_kernels) {
    constexpr int n_runs = 5;
    Times best{1e9, 1e9, 1e9};
    for (int i = 0; i < n_runs; ++i) {
      const Times times = run_once(memory, n_groups, n_kernels);
      best = {std::min(best.encode, times.encode), std::min(best.all, times.all),
              std::min(best.gpu, times.gpu)};
    }
    return best;
  }

 private:
  Times run_once(const webgpu::Binding& memory, uint32_t n_groups, int n_kernels) {
    const Clock::time_point start = Clock::now();
    Commands commands(device_);
    if (clock_) clock_->start(commands, 0);
    for (int i = 0; i < n_kernels; ++i)
      commands.dispatch(kernel_, {memory, out_.binding()}, static_cast<uint32_t>(memory.bytes / 16),
                        {n_groups});
    if (clock_) clock_->stop(commands);
    const double encoded = seconds_since(start);
    if (clock_) clock_->finish(commands);
    commands.copy(out_.get(), 0, readback_.get(), 0, 4);
    const Clock::time_point submitted = Clock::now();
    device_.submit(std::move(commands));
    uint32_t ignored = 0;
    device_.read(readback_.get(), std::as_writable_bytes(std::span(&ignored, 1)));
    const double waited = seconds_since(submitted);
    return {encoded, waited, clock_ ? clock_->seconds().at(0) : waited};
  }

  const webgpu::Device& device_;
  GpuBuffer out_, readback_;
  webgpu::Kernel kernel_;
  std::unique_ptr<webgpu::GpuClock> clock_;
};

/// So much memory, or what there is room for beside what the GPU holds.
GpuBuffer acquire_beside(GpuBufferPool& pool, uint64_t bytes) {
  constexpr uint64_t least = 16 << 20;
  while (true) {
    try {
      return pool.acquire(bytes, webgpu::BufferUse::weights);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::out_of_memory || bytes <= least) throw;
    }
    bytes = bytes / 512 * 256;
  }
}

}  // namespace

GpuCeilings measure_ceilings(const webgpu::Device& device, GpuBufferPool& pool, uint64_t bytes) {
  bytes = std::min(bytes, device.limits().maxStorageBufferBindingSize) / 256 * 256;
  const GpuBuffer memory = acquire_beside(pool, bytes), little = pool.acquire(256);
  Runner runner(device, pool);
  GpuCeilings ceilings;
  for (const uint32_t n_groups : {256u, 1024u, 4096u, 16384u})
    ceilings.read_bandwidth =
        std::max(ceilings.read_bandwidth,
                 static_cast<double>(memory.bytes()) / runner.run(memory.binding(), n_groups, 1).gpu);
  // What does not grow with the number of kernels is taken off.
  constexpr int few = 10, many = 210;
  const Times of_few = runner.run(little.binding(), 1, few), of_many = runner.run(little.binding(), 1, many);
  ceilings.dispatch_seconds = std::max(0.0, of_many.gpu - of_few.gpu) / (many - few);
  ceilings.encode_seconds = std::max(0.0, of_many.encode - of_few.encode) / (many - few);
  ceilings.submit_seconds = runner.run(little.binding(), 1, 1).all;
  return ceilings;
}

}  // namespace realizar::gpu
