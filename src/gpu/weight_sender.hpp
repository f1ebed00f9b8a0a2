#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backend/thread_pool.hpp"
#include "gpu/webgpu/device.hpp"

namespace realizar::gpu {

/// Sends weights to a GPU as all cores make them, into memory that the GPU copies from: it has the last ones
/// copied while the next are made. One thread at a time.
class WeightSender {
 public:
  explicit WeightSender(const webgpu::Device& device);

  const webgpu::Device& device() const { return device_; }

  /// Where pieces go: those of one plane one after the other.
  struct Plane {
    WGPUBuffer buffer;
    uint64_t offset, piece_bytes;  // multiples of 4
  };

  /// `fill(piece, room)` makes a piece, what it has for each plane one after the other, in room of zeros;
  /// cores call it at once. Nothing submitted later runs before all is there. Throws out_of_memory, io, and
  /// what `fill` throws.
  void send(std::span<const Plane> planes, int64_t n_pieces,
            const std::function<void(int64_t piece, std::span<std::byte> room)>& fill);

 private:
  /// Memory that both see; the host may write to it when `answer` is there and empty.
  struct Staging {
    webgpu::BufferHandle buffer;
    uint64_t bytes = 0;
    std::shared_ptr<std::optional<std::string>> answer;  // the library's, which may come when this is gone
  };
  /// The next in turn, of at least so many bytes, for the host to write to.
  Staging& next(uint64_t bytes);
  void ask_for(Staging& staging) const;

  const webgpu::Device& device_;
  backend::ThreadPool threads_;
  std::vector<std::vector<std::byte>> rooms_;  // of each worker
  std::array<Staging, 3> stagings_;
  size_t turn_ = 0;
};

}  // namespace realizar::gpu
