#include "gpu/weight_sender.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "backend/topology.hpp"
#include "base/error.hpp"
#include "gpu/webgpu/commands.hpp"

namespace realizar::gpu {
namespace {

/// About so many are sent at once: far more than a submission costs, and little beside a model.
constexpr uint64_t lot_bytes = 32 << 20;

}  // namespace

WeightSender::WeightSender(const webgpu::Device& device)
    : device_(device),
      threads_(backend::topology().physical_cores),
      rooms_(static_cast<size_t>(threads_.size())) {}

void WeightSender::ask_for(Staging& staging) const {
  staging.answer = std::make_shared<std::optional<std::string>>();
  device_.map(staging.buffer.get(), staging.bytes, WGPUMapMode_Write,
              [answer = staging.answer](const std::string& error) { *answer = error; });
}

WeightSender::Staging& WeightSender::next(uint64_t bytes) {
  Staging& staging = stagings_[turn_++ % stagings_.size()];
  if (staging.bytes < bytes) {
    staging = {};
    staging = {device_.create_buffer(bytes, webgpu::BufferUse::upload), bytes, {}};
    ask_for(staging);
  }
  constexpr std::chrono::hours longest_wait{1};
  require(device_.wait([&] { return staging.answer->has_value() || device_.lost(); }, longest_wait),
          ErrorKind::limit_exceeded, "the GPU did not take weights within an hour");
  device_.faults().require_alive("take weights");
  require((*staging.answer)->empty(), ErrorKind::io, "the GPU took no weights: ", **staging.answer);
  return staging;
}

void WeightSender::send(std::span<const Plane> planes, int64_t n_pieces,
                        const std::function<void(int64_t, std::span<std::byte>)>& fill) {
  uint64_t piece_bytes = 0;
  for (const Plane& plane : planes) piece_bytes += plane.piece_bytes;
  const int64_t lot =
      std::clamp<int64_t>(static_cast<int64_t>(lot_bytes / piece_bytes), 1, std::max<int64_t>(1, n_pieces));
  for (std::vector<std::byte>& room : rooms_) room.resize(piece_bytes);
  for (int64_t first = 0; first < n_pieces; first += lot) {
    const int64_t n = std::min(lot, n_pieces - first);
    Staging& staging = next(static_cast<uint64_t>(lot) * piece_bytes);
    std::byte* const staged = device_.writable_bytes(staging.buffer.get(), staging.bytes).data();
    threads_.parallel_for(n, 1, [&](int64_t begin, int64_t end) {
      // Made apart: what is mapped may be slow to read, and to write in any other order.
      const std::span room = rooms_[static_cast<size_t>(threads_.worker())];
      for (int64_t i = begin; i < end; ++i) {
        std::fill(room.begin(), room.end(), std::byte{0});
        fill(first + i, room);
        uint64_t in_room = 0;
        for (const Plane& plane : planes) {
          std::memcpy(
              staged + static_cast<uint64_t>(n) * in_room + static_cast<uint64_t>(i) * plane.piece_bytes,
              room.data() + in_room, plane.piece_bytes);
          in_room += plane.piece_bytes;
        }
      }
    });
    device_.unmap(staging.buffer.get());
    webgpu::Commands commands(device_);
    uint64_t at = 0;
    for (const Plane& plane : planes) {
      const uint64_t bytes = static_cast<uint64_t>(n) * plane.piece_bytes;
      commands.copy(staging.buffer.get(), at, plane.buffer,
                    plane.offset + static_cast<uint64_t>(first) * plane.piece_bytes, bytes);
      at += bytes;
    }
    device_.submit(std::move(commands));
    ask_for(staging);
  }
}

}  // namespace realizar::gpu
