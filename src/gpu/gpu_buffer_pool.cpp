#include "gpu/gpu_buffer_pool.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace realizar::gpu {

struct GpuBuffer::Pool {
  using Kind = std::pair<webgpu::BufferUse, uint64_t>;  // and the bytes of the class

  std::shared_ptr<const webgpu::Device> device;
  uint64_t limit;
  mutable std::mutex mutex;
  std::map<Kind, std::vector<webgpu::BufferHandle>> kept;
  GpuBufferPool::Statistics statistics;

  /// A kept buffer, or none.
  webgpu::BufferHandle take(const Kind& kind) {
    const auto found = kept.find(kind);
    if (found == kept.end() || found->second.empty()) return {};
    webgpu::BufferHandle handle = std::move(found->second.back());
    found->second.pop_back();
    statistics.kept -= kind.second;
    ++statistics.n_reused;
    return handle;
  }

  void trim() {
    kept.clear();
    statistics.kept = 0;
  }

  webgpu::BufferHandle make(const Kind& kind, uint64_t bytes) {
    const auto [use, class_bytes] = kind;
    if (class_bytes > limit - std::min(limit, statistics.in_use + statistics.kept)) trim();
    require(class_bytes <= limit - std::min(limit, statistics.in_use), ErrorKind::out_of_memory,
            "a buffer of ", bytes, " bytes exceeds the memory limit of the GPU: ", statistics.in_use, " of ",
            limit, " bytes are in use; raise the limit or put less on the GPU");
    webgpu::BufferHandle handle = make_or_trim(class_bytes, use);
    ++statistics.n_made;
    return handle;
  }

  webgpu::BufferHandle make_or_trim(uint64_t class_bytes, webgpu::BufferUse use) {
    if (statistics.kept == 0) return device->create_buffer(class_bytes, use);
    try {
      return device->create_buffer(class_bytes, use);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::out_of_memory) throw;
    }
    trim();
    return device->create_buffer(class_bytes, use);
  }
};

GpuBuffer::~GpuBuffer() {
  if (!pool_) return;
  const std::lock_guard lock(pool_->mutex);
  pool_->statistics.in_use -= class_bytes_;
  if (use_ == webgpu::BufferUse::weights || pool_->device->lost()) return;
  pool_->kept[{use_, class_bytes_}].push_back(std::move(handle_));
  pool_->statistics.kept += class_bytes_;
}

void GpuBuffer::discard() {
  if (!pool_) return;
  {
    const std::lock_guard lock(pool_->mutex);
    pool_->statistics.in_use -= class_bytes_;
  }
  handle_ = {};
  pool_.reset();
}

GpuBuffer::GpuBuffer(GpuBuffer&& other) noexcept { *this = std::move(other); }

GpuBuffer& GpuBuffer::operator=(GpuBuffer&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(handle_, other.handle_);
  std::swap(use_, other.use_);
  std::swap(bytes_, other.bytes_);
  std::swap(class_bytes_, other.class_bytes_);
  return *this;
}

GpuBufferPool::GpuBufferPool(std::shared_ptr<const webgpu::Device> device, uint64_t limit_bytes)
    : pool_(std::make_shared<GpuBuffer::Pool>()) {
  pool_->device = std::move(device);
  pool_->limit = limit_bytes;
}

uint64_t GpuBufferPool::class_bytes(uint64_t bytes) {
  constexpr uint64_t smallest = 256;
  if (bytes <= smallest) return smallest;
  if (bytes > uint64_t{1} << 62) return bytes;  // no GPU has it
  const uint64_t step = std::bit_floor(bytes - 1) / 4;
  return (bytes + step - 1) / step * step;
}

GpuBuffer GpuBufferPool::acquire(uint64_t bytes, webgpu::BufferUse use) {
  // A class may be larger than the largest buffer, where what was asked for is not.
  const uint64_t most = pool_->device->limits().maxBufferSize;
  const bool exact = use == webgpu::BufferUse::weights || bytes > most;
  const uint64_t in_class = exact ? bytes : std::min(class_bytes(bytes), most / 4 * 4);
  const GpuBuffer::Pool::Kind kind{use, in_class};
  const std::lock_guard lock(pool_->mutex);
  webgpu::BufferHandle handle = pool_->take(kind);
  if (!handle) handle = pool_->make(kind, bytes);
  Statistics& statistics = pool_->statistics;
  statistics.in_use += in_class;
  statistics.high_water = std::max(statistics.high_water, statistics.in_use);
  GpuBuffer buffer;
  buffer.pool_ = pool_;
  buffer.handle_ = std::move(handle);
  buffer.use_ = use;
  buffer.bytes_ = std::max<uint64_t>(4, (bytes + 3) / 4 * 4);
  buffer.class_bytes_ = in_class;
  return buffer;
}

void GpuBufferPool::trim() {
  const std::lock_guard lock(pool_->mutex);
  pool_->trim();
}

GpuBufferPool::Statistics GpuBufferPool::statistics() const {
  const std::lock_guard lock(pool_->mutex);
  return pool_->statistics;
}

}  // namespace realizar::gpu
