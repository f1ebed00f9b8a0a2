#include "backend/aligned_buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "backend/system.hpp"
#include "realizar/error.hpp"

namespace realizar::backend {
namespace {

constexpr size_t huge = system::huge_page_bytes;

TEST(AlignedBuffer, IsAlignedZeroedAndWritable) {
  for (const size_t bytes : {size_t{1}, size_t{63}, size_t{4097}, huge - 1, huge, 3 * huge + 5}) {
    AlignedBuffer buffer(bytes);
    ASSERT_EQ(buffer.size(), bytes);
    const size_t alignment = bytes >= huge && system::has_pages ? huge : AlignedBuffer::alignment;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % alignment, 0u) << bytes;
    EXPECT_TRUE(
        std::all_of(buffer.data(), buffer.data() + bytes, [](std::byte b) { return b == std::byte{0}; }));
    std::fill(buffer.data(), buffer.data() + bytes, std::byte{0xff});
  }
}

TEST(AlignedBuffer, MovesWithoutCopying) {
  AlignedBuffer first(100);
  first.as<uint32_t>()[24] = 7;
  const std::byte* const data = first.data();
  AlignedBuffer second(std::move(first));
  EXPECT_EQ(second.data(), data);
  EXPECT_TRUE(first.empty());
  AlignedBuffer third(3 * huge);
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
  EXPECT_EQ(third.as<uint32_t>().size(), 25u);
  EXPECT_EQ(third.as<uint32_t>()[24], 7u);
}

TEST(AlignedBuffer, OfNothingIsEmpty) {
  EXPECT_EQ(AlignedBuffer(0).data(), nullptr);
  EXPECT_TRUE(AlignedBuffer().as<float>().empty());
}

TEST(AlignedBuffer, SaysOutOfMemory) {
  for (const size_t bytes : {SIZE_MAX, SIZE_MAX / 2, size_t{1} << 60}) {
    try {
      AlignedBuffer buffer(bytes);
      ADD_FAILURE() << bytes << " bytes were given";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::out_of_memory);
    }
  }
}

TEST(System, CountsResidentMemory) {
  const system::Memory before = system::memory();
  ASSERT_GT(before.total, 0u);
  EXPECT_LE(before.available, before.total);
  EXPECT_GT(before.resident, 0u);
  constexpr size_t bytes = 32u << 20;
  AlignedBuffer buffer(bytes);
  std::fill(buffer.data(), buffer.data() + bytes, std::byte{1});
  const system::Memory after = system::memory();
  EXPECT_GE(after.resident, before.resident + bytes / 2);
  EXPECT_GE(after.peak_resident, after.resident - (1u << 20));
}

}  // namespace
}  // namespace realizar::backend
