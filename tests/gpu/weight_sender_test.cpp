#include "gpu/weight_sender.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/error.hpp"
#include "gpu/software_gpu.hpp"
#include "gpu/webgpu/commands.hpp"

namespace realizar::gpu {
namespace {

using webgpu::BufferHandle;
using webgpu::BufferUse;

class WeightSenderTest : public GpuTest {
 protected:
  std::vector<uint32_t> read(const BufferHandle& buffer, uint64_t offset, uint64_t n_words) {
    const BufferHandle readback = device_->create_buffer(n_words * 4, BufferUse::readback);
    webgpu::Commands commands(*device_);
    commands.copy(buffer.get(), offset, readback.get(), 0, n_words * 4);
    device_->submit(std::move(commands));
    std::vector<uint32_t> words(n_words);
    device_->read(readback.get(), std::as_writable_bytes(std::span(words)));
    return words;
  }

  /// Writes the number of the piece to the first word of its room and to the last.
  static void number(int64_t piece, std::span<std::byte> room) {
    const auto word = static_cast<uint32_t>(piece) + 1;
    std::memcpy(room.data(), &word, 4);
    std::memcpy(room.data() + room.size() - 4, &word, 4);
  }
};

TEST_F(WeightSenderTest, PutsPiecesOneAfterTheOtherInEachPlane) {
  // So large that all memory that both see has its turn more than once.
  constexpr uint64_t large = 12 << 20, small = 16, n_pieces = 9;
  const BufferHandle first = device_->create_buffer(n_pieces * large, BufferUse::weights),
                     second = device_->create_buffer(256 + n_pieces * small, BufferUse::weights);
  WeightSender sender(*device_);
  const WeightSender::Plane planes[] = {{first.get(), 0, large}, {second.get(), 256, small}};
  sender.send(planes, n_pieces, number);
  for (uint32_t i = 0; i < n_pieces; ++i) {
    EXPECT_EQ(read(first, i * large, 2), (std::vector<uint32_t>{i + 1, 0}));
    EXPECT_EQ(read(second, 256 + i * small, 4), (std::vector<uint32_t>{0, 0, 0, i + 1}));
  }
}

TEST_F(WeightSenderTest, WorksOnAfterAPieceThatCannotBeMade) {
  const BufferHandle buffer = device_->create_buffer(64, BufferUse::weights);
  const WeightSender::Plane plane{buffer.get(), 0, 16};
  WeightSender sender(*device_);
  // As often as there is memory that both see.
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(thrown([&] {
                sender.send({&plane, 1}, 4, [](int64_t piece, std::span<std::byte>) {
                  require(piece != 2, ErrorKind::invalid_argument, "no such piece");
                });
              }),
              ErrorKind::invalid_argument);
  sender.send({&plane, 1}, 4, number);
  EXPECT_EQ(read(buffer, 48, 4), (std::vector<uint32_t>{4, 0, 0, 4}));
}

TEST_F(WeightSenderTest, SaysWhenTheGpuIsLost) {
  const BufferHandle buffer = device_->create_buffer(64, BufferUse::weights);
  const WeightSender::Plane plane{buffer.get(), 0, 16};
  WeightSender sender(*device_);
  sender.send({&plane, 1}, 4, number);
  device_->destroy();
  std::string message;
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(thrown([&] { sender.send({&plane, 1}, 4, number); }, &message), ErrorKind::io);
  EXPECT_EQ(message.rfind("the GPU was lost", 0), 0u) << message;
}

}  // namespace
}  // namespace realizar::gpu
