#include "gpu/async_gpu_result.hpp"

#include <cstring>
#include <mutex>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace realizar::gpu {

/// What the library's callback and the result share. Callbacks come on the thread that polls, which with
/// several results need not be this one's.
struct AsyncGpuResult::Pending {
  enum class State { computing, ready, failed, cancelled, taken };

  std::mutex mutex;
  State state = State::computing;
  std::string error;
  GpuBuffer readback;
  std::vector<float> numbers;

  State current() {
    const std::lock_guard lock(mutex);
    return state;
  }

  /// Called by the library, which no exception must reach.
  void finish(const webgpu::Device& device, const std::string& problem) noexcept {
    const std::lock_guard lock(mutex);
    if (state == State::computing) {
      state = State::failed;
      try {
        require(problem.empty(), ErrorKind::io, problem);
        const auto bytes = device.mapped_bytes(readback.get(), readback.bytes());
        if (!numbers.empty()) std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(float));
        state = State::ready;
      } catch (const std::exception& thrown) {
        error = thrown.what();
      }
    }
    if (problem.empty() && !device.lost()) device.unmap(readback.get());
    // Whoever had a buffer next whose wait was ended would be told too early that it is ready: the library
    // takes the end of the earlier computation for that.
    if (state == State::cancelled) readback.discard();
    readback = {};
  }
};

AsyncGpuResult::AsyncGpuResult(std::shared_ptr<const webgpu::Device> device, webgpu::Commands&& commands,
                               GpuBuffer readback, size_t n_numbers)
    : device_(std::move(device)), pending_(std::make_shared<Pending>()) {
  const WGPUBuffer buffer = readback.get();
  const uint64_t bytes = readback.bytes();
  require(n_numbers * sizeof(float) <= bytes, ErrorKind::invalid_argument, n_numbers,
          " results need more than a buffer of ", bytes, " bytes");
  pending_->numbers.resize(n_numbers);
  pending_->readback = std::move(readback);
  device_->submit(std::move(commands));
  // The library keeps what is pending, but not the device: the device's end ends what is pending.
  device_->map(buffer, bytes, WGPUMapMode_Read,
               [pending = pending_, device = device_.get()](const std::string& problem) {
                 pending->finish(*device, problem);
               });
}

AsyncGpuResult::~AsyncGpuResult() {
  if (pending_) cancel();
}

AsyncGpuResult& AsyncGpuResult::operator=(AsyncGpuResult&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(pending_, other.pending_);
  return *this;
}

bool AsyncGpuResult::poll() {
  if (pending_->current() == Pending::State::computing) device_->poll();
  return pending_->current() != Pending::State::computing;
}

bool AsyncGpuResult::wait(std::chrono::nanoseconds timeout) {
  return device_->wait([&] { return pending_->current() != Pending::State::computing; }, timeout);
}

std::vector<float> AsyncGpuResult::take() {
  wait(std::chrono::hours(24));
  const std::lock_guard lock(pending_->mutex);
  switch (pending_->state) {
    case Pending::State::ready:
      pending_->state = Pending::State::taken;
      return std::move(pending_->numbers);
    case Pending::State::cancelled:
      fail(ErrorKind::invalid_argument, "a result of the GPU was asked for that had been cancelled");
    case Pending::State::taken:
      fail(ErrorKind::invalid_argument, "a result of the GPU was asked for twice");
    case Pending::State::computing:
      fail(ErrorKind::limit_exceeded, "the GPU did not answer within a day");
    case Pending::State::failed:
      break;
  }
  fail(ErrorKind::io, "the GPU gave no result: ", pending_->error);
}

void AsyncGpuResult::cancel() {
  WGPUBuffer buffer = nullptr;
  {
    const std::lock_guard lock(pending_->mutex);
    if (pending_->state != Pending::State::computing) return;
    pending_->state = Pending::State::cancelled;
    buffer = pending_->readback.get();
  }
  // Ends the wait for the buffer: the callback comes at once, and gives it up.
  device_->unmap(buffer);
}

}  // namespace realizar::gpu
