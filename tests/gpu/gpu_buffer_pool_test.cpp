#include "gpu/gpu_buffer_pool.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "gpu/software_gpu.hpp"

namespace realizar::gpu {
namespace {

using webgpu::BufferUse;

TEST(GpuBufferClasses, WasteAFifthAtMost) {
  EXPECT_EQ(GpuBufferPool::class_bytes(0), 256u);
  EXPECT_EQ(GpuBufferPool::class_bytes(256), 256u);
  EXPECT_EQ(GpuBufferPool::class_bytes(257), 320u);
  EXPECT_EQ(GpuBufferPool::class_bytes(1024), 1024u);
  EXPECT_EQ(GpuBufferPool::class_bytes(1025), 1280u);
  for (uint64_t bytes = 257; bytes < 1 << 20; bytes += 97) {
    const uint64_t in_class = GpuBufferPool::class_bytes(bytes);
    EXPECT_GE(in_class, bytes);
    EXPECT_LE(in_class - bytes, bytes / 4);
    EXPECT_EQ(GpuBufferPool::class_bytes(in_class), in_class);
  }
}

using GpuBufferPoolTest = GpuTest;

TEST_F(GpuBufferPoolTest, ABufferThatWentBackIsUsedAgain) {
  GpuBufferPool pool(device_);
  WGPUBuffer first = nullptr;
  {
    const GpuBuffer buffer = pool.acquire(1000);
    first = buffer.get();
    EXPECT_EQ(buffer.bytes(), 1000u);
    EXPECT_EQ(pool.statistics().in_use, 1024u);
  }
  EXPECT_EQ(pool.statistics().in_use, 0u);
  EXPECT_EQ(pool.statistics().kept, 1024u);
  EXPECT_EQ(pool.acquire(990).get(), first) << "of the same class";
  EXPECT_NE(pool.acquire(990, BufferUse::readback).get(), first) << "of another use";
  const GpuBuffer again = pool.acquire(1024), more = pool.acquire(1024);
  EXPECT_EQ(again.get(), first);
  EXPECT_NE(more.get(), first);
  EXPECT_EQ(pool.statistics().n_made, 3u);
  EXPECT_EQ(pool.statistics().n_reused, 2u);
}

TEST_F(GpuBufferPoolTest, TheHighWaterMarkStays) {
  GpuBufferPool pool(device_);
  { const GpuBuffer a = pool.acquire(4096), b = pool.acquire(8192); }
  const GpuBuffer c = pool.acquire(4096);
  EXPECT_EQ(pool.statistics().high_water, 12288u);
  pool.trim();
  EXPECT_EQ(pool.statistics().kept, 0u);
  EXPECT_EQ(pool.statistics().in_use, 4096u);
}

TEST_F(GpuBufferPoolTest, TheLimitHoldsAndTheErrorNamesIt) {
  GpuBufferPool pool(device_, 10000);
  const GpuBuffer a = pool.acquire(8192);
  std::string message;
  EXPECT_EQ(thrown([&] { pool.acquire(4096); }, &message), ErrorKind::out_of_memory);
  EXPECT_NE(message.find("8192 of 10000 bytes are in use"), std::string::npos) << message;
  EXPECT_NO_THROW(pool.acquire(1024));
}

TEST_F(GpuBufferPoolTest, KeptBuffersMakeRoomBeforeTheLimitIsReached) {
  GpuBufferPool pool(device_, 10000);
  pool.acquire(8192);
  EXPECT_EQ(pool.statistics().kept, 8192u);
  const GpuBuffer other = pool.acquire(4096);
  EXPECT_EQ(pool.statistics().kept, 0u);
}

TEST_F(GpuBufferPoolTest, BuffersMayOutliveIt) {
  GpuBuffer kept;
  {
    GpuBufferPool pool(device_);
    kept = pool.acquire(100);
  }
  GpuBuffer moved = std::move(kept);
  EXPECT_NE(moved.get(), nullptr);
  EXPECT_EQ(kept.get(), nullptr);
}

TEST_F(GpuBufferPoolTest, TheLargestBufferThatTheGpuAllowsIsNotRoundedBeyondIt) {
  GpuBufferPool pool(device_);
  const uint64_t most = device_->gpu().max_buffer_bytes;
  EXPECT_EQ(thrown([&] { pool.acquire(most + 1); }), ErrorKind::limit_exceeded);
  EXPECT_EQ(pool.statistics().in_use, 0u);
}

TEST_F(GpuBufferPoolTest, WhatALostGpuHadIsNotKept) {
  GpuBufferPool pool(device_);
  {
    const GpuBuffer buffer = pool.acquire(100);
    device_->destroy();
  }
  EXPECT_EQ(pool.statistics().kept, 0u);
  EXPECT_EQ(thrown([&] { pool.acquire(100); }), ErrorKind::io);
}

}  // namespace
}  // namespace realizar::gpu
