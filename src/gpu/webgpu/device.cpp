#include "gpu/webgpu/device.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "gpu/webgpu/commands.hpp"
#include "gpu/webgpu/kernel.hpp"

namespace realizar::gpu::webgpu {
namespace {

struct OpenedDevice {
  WGPUDevice device = nullptr;
  std::string error;
};

/// wgpu-native answers before it returns.
DeviceHandle request_device(const Adapter& adapter, const Faults& faults) {
  WGPUDeviceDescriptor descriptor{};
  descriptor.requiredFeatureCount = adapter.features.size();
  descriptor.requiredFeatures = adapter.features.data();
  descriptor.requiredLimits = &adapter.limits;
  descriptor.deviceLostCallbackInfo = faults.lost_callback();
  descriptor.uncapturedErrorCallbackInfo = faults.error_callback();
  OpenedDevice opened;
  WGPURequestDeviceCallbackInfo callback{};
  callback.mode = WGPUCallbackMode_AllowSpontaneous;
  callback.callback = [](WGPURequestDeviceStatus, WGPUDevice device, WGPUStringView message, void* out,
                         void*) {
    *static_cast<OpenedDevice*>(out) = {device, std::string(view(message))};
  };
  callback.userdata1 = &opened;
  wgpu().AdapterRequestDevice(adapter.handle.get(), &descriptor, callback);
  require(opened.device, ErrorKind::io, "the GPU ", adapter.gpu.name, " cannot be opened: ", opened.error);
  return DeviceHandle(opened.device);
}

WGPUBufferUsage usage_of(BufferUse use) {
  switch (use) {
    case BufferUse::readback:
      return WGPUBufferUsage_MapRead | WGPUBufferUsage_CopyDst;
    case BufferUse::upload:
      return WGPUBufferUsage_MapWrite | WGPUBufferUsage_CopySrc;
    case BufferUse::times:
      return WGPUBufferUsage_QueryResolve | WGPUBufferUsage_CopySrc;
    case BufferUse::storage:
    case BufferUse::weights:
      break;
  }
  return WGPUBufferUsage_Storage | WGPUBufferUsage_CopySrc | WGPUBufferUsage_CopyDst;
}

constexpr std::chrono::hours longest_wait{1};

using MapDone = std::function<void(const std::string&)>;

}  // namespace

std::shared_ptr<Device> Device::open(std::string_view name) {
  const std::vector<Adapter> adapters = enumerate_adapters();
  std::vector<Gpu> gpus;
  for (const Adapter& adapter : adapters) gpus.push_back(adapter.gpu);
  const Adapter& chosen = adapters[static_cast<size_t>(choose_by_name(gpus, name))];
  return std::make_shared<Device>(chosen);
}

Device::Device(const Adapter& adapter)
    : gpu_(adapter.gpu), limits_(adapter.limits), faults_(Faults::create()) {
  require(gpu_.problem.empty(), ErrorKind::unsupported, "the GPU ", gpu_.name,
          " cannot be used: ", gpu_.problem);
  device_ = request_device(adapter, *faults_);
  queue_ = QueueHandle(wgpu().DeviceGetQueue(device_.get()));
  probe_integer_dot();
}

/// The callbacks of maps that are pending are called, so that what they keep goes.
Device::~Device() {
  if (device_ && !lost()) wgpu().DevicePoll(device_.get(), /*wait=*/true, nullptr);
}

/// The library cannot be asked for features of the language: what compiles is there.
void Device::probe_integer_dot() {
  constexpr std::string_view source =
      "@group(0) @binding(0) var<storage, read_write> sums: array<i32>;\n"
      "@compute @workgroup_size(1) fn main() { sums[0] = dot4I8Packed(u32(sums[1]), u32(sums[2])); }\n";
  try {
    Kernel(*this, {.name = "integer dot product", .source = source, .bindings = {Access::write}});
    gpu_.has_integer_dot = true;
  } catch (const Error& error) {
    if (lost()) throw;
  }
}

BufferHandle Device::create_buffer(uint64_t bytes, BufferUse use) const {
  faults_->require_alive("make a buffer");
  require(bytes <= limits_.maxBufferSize, ErrorKind::limit_exceeded, "a buffer of ", bytes,
          " bytes exceeds the ", limits_.maxBufferSize, " that the GPU ", gpu_.name, " allows: split it");
  WGPUBufferDescriptor descriptor{};
  descriptor.usage = usage_of(use);
  descriptor.size = std::max<uint64_t>(4, (bytes + 3) / 4 * 4);
  BufferHandle buffer(wgpu().DeviceCreateBuffer(device_.get(), &descriptor));
  faults_->require_none(concat("make a buffer of ", bytes, " bytes"));
  require(static_cast<bool>(buffer), ErrorKind::out_of_memory, "the GPU ", gpu_.name,
          " has no room for a buffer of ", bytes, " bytes");
  return buffer;
}

void Device::write(WGPUBuffer buffer, uint64_t offset, std::span<const std::byte> bytes) const {
  faults_->require_alive("take data");
  wgpu().QueueWriteBuffer(queue_.get(), buffer, offset, bytes.data(), bytes.size());
  faults_->require_none(concat("take ", bytes.size(), " bytes of data"));
}

void Device::submit(Commands&& commands) const {
  const CommandBufferHandle buffer = std::move(commands).finish();
  // A submission that the library finds wrong ends the process: everything has to be known before.
  faults_->require_alive("run kernels");
  const WGPUCommandBuffer one = buffer.get();
  wgpu().QueueSubmit(queue_.get(), 1, &one);
  faults_->require_none("run kernels");
}

void Device::map(WGPUBuffer buffer, uint64_t bytes, WGPUMapMode mode, MapDone done) const {
  faults_->require_alive("share memory");
  WGPUBufferMapCallbackInfo callback{};
  callback.mode = WGPUCallbackMode_AllowSpontaneous;
  callback.callback = [](WGPUMapAsyncStatus status, WGPUStringView message, void* kept, void*) {
    const std::unique_ptr<MapDone> call(static_cast<MapDone*>(kept));
    (*call)(status == WGPUMapAsyncStatus_Success ? std::string()
                                                 : concat("its memory cannot be shared: ", view(message)));
  };
  callback.userdata1 = new MapDone(std::move(done));
  wgpu().BufferMapAsync(buffer, mode, 0, bytes, callback);
}

std::span<const std::byte> Device::mapped_bytes(WGPUBuffer buffer, uint64_t bytes) const {
  // Asked for a buffer of a lost device, the library ends the process.
  faults_->require_alive("give results");
  const void* const data = wgpu().BufferGetConstMappedRange(buffer, 0, bytes);
  require(data, ErrorKind::internal, "the GPU gave no memory for results of ", bytes, " bytes");
  return {static_cast<const std::byte*>(data), bytes};
}

std::span<std::byte> Device::writable_bytes(WGPUBuffer buffer, uint64_t bytes) const {
  faults_->require_alive("take data");
  void* const data = wgpu().BufferGetMappedRange(buffer, 0, bytes);
  require(data, ErrorKind::internal, "the GPU gave no memory for data of ", bytes, " bytes");
  return {static_cast<std::byte*>(data), bytes};
}

void Device::unmap(WGPUBuffer buffer) const { wgpu().BufferUnmap(buffer); }

void Device::read(WGPUBuffer readback, std::span<std::byte> bytes) const {
  // Shared with the callback, which comes later than this returns if the wait is given up.
  const auto answer = std::make_shared<std::optional<std::string>>();
  map(readback, bytes.size(), WGPUMapMode_Read, [answer](const std::string& error) { *answer = error; });
  require(wait([&] { return answer->has_value(); }, longest_wait), ErrorKind::limit_exceeded,
          "the GPU did not answer within an hour");
  require((*answer)->empty(), ErrorKind::io, "the GPU gave no result: ", **answer);
  std::memcpy(bytes.data(), mapped_bytes(readback, bytes.size()).data(), bytes.size());
  unmap(readback);
}

double Device::timestamp_seconds() const { return wgpu().QueueGetTimestampPeriod(queue_.get()) * 1e-9; }

void Device::poll() const { wgpu().DevicePoll(device_.get(), /*wait=*/false, nullptr); }

bool Device::wait(const std::function<bool()>& done, std::chrono::nanoseconds timeout) const {
  using Clock = std::chrono::steady_clock;
  // A step of a model takes a few milliseconds at most: so long, asking again and again answers soonest.
  constexpr std::chrono::microseconds spinning{2000}, pause{50};
  const Clock::time_point start = Clock::now();
  while (true) {
    poll();
    if (done()) return true;
    const auto waited = Clock::now() - start;
    if (waited >= timeout) return false;
    if (waited < spinning)
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(pause);
  }
}

void Device::destroy() {
  faults_->lose("given up");
  wgpu().DeviceDestroy(device_.get());
}

}  // namespace realizar::gpu::webgpu
