#include "gpu/webgpu/gpu_clock.hpp"

#include <cstring>

#include "base/error.hpp"

namespace realizar::gpu::webgpu {
namespace {

uint64_t bytes_of(uint32_t n_spans) { return uint64_t{n_spans} * 2 * sizeof(uint64_t); }

}  // namespace

GpuClock::GpuClock(const Device& device, uint32_t n_spans) : device_(device), n_spans_(n_spans) {
  require(device.gpu().has_timestamps, ErrorKind::unsupported, "the GPU ", device.gpu().name,
          " takes no times");
  WGPUQuerySetDescriptor descriptor{};
  descriptor.type = WGPUQueryType_Timestamp;
  descriptor.count = 2 * n_spans;
  queries_ = QuerySetHandle(wgpu().DeviceCreateQuerySet(device.get(), &descriptor));
  device.faults().require_none("make a clock");
  resolved_ = device.create_buffer(bytes_of(n_spans), BufferUse::times);
  readback_ = device.create_buffer(bytes_of(n_spans), BufferUse::readback);
}

void GpuClock::start(Commands& commands, uint32_t span) {
  require(span < n_spans_, ErrorKind::invalid_argument, "span ", span, " of a clock for ", n_spans_);
  WGPUPassTimestampWrites writes{};
  writes.querySet = queries_.get();
  writes.beginningOfPassWriteIndex = 2 * span;
  writes.endOfPassWriteIndex = 2 * span + 1;
  commands.end_pass();
  commands.begin_pass(&writes);
}

void GpuClock::stop(Commands& commands) { commands.end_pass(); }

void GpuClock::finish(Commands& commands) {
  commands.end_pass();
  wgpu().CommandEncoderResolveQuerySet(commands.encoder_.get(), queries_.get(), 0, 2 * n_spans_,
                                       resolved_.get(), 0);
  commands.copy(resolved_.get(), 0, readback_.get(), 0, bytes_of(n_spans_));
}

std::vector<double> GpuClock::seconds() const {
  std::vector<uint64_t> ticks(2 * n_spans_);
  device_.read(readback_.get(), std::as_writable_bytes(std::span(ticks)));
  std::vector<double> seconds(n_spans_);
  for (uint32_t i = 0; i < n_spans_; ++i)
    seconds[i] = static_cast<double>(ticks[2 * i + 1] - ticks[2 * i]) * device_.timestamp_seconds();
  return seconds;
}

}  // namespace realizar::gpu::webgpu
