#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "backend/aligned_buffer.hpp"
#include "backend/thread_pool.hpp"

namespace realizar::backend {

/// How fast the threads of a pool read memory together: the ceiling of anything that streams weights.
///
/// No single loop is the fastest on every processor, and a ceiling that is too low makes the share printed
/// beside it exceed one. So each measurement takes several loops over the same memory and keeps the best.
class ReadBandwidthMeter {
 public:
  /// Enough that no cache holds a part of it that matters.
  static constexpr size_t usual_bytes = size_t{1} << 30;

  /// Takes `bytes` of memory (at least one mebibyte) in huge pages and writes it once. Throws out_of_memory.
  explicit ReadBandwidthMeter(ThreadPool& pool, size_t bytes = usual_bytes);

  /// Bytes per second of the best loop. Every loop reads the whole memory once, and they take turns until
  /// `seconds` have passed.
  double measure(double seconds = 0);

 private:
  using Loop = uint64_t (*)(const uint64_t* words, size_t n_words);
  double read_once(Loop loop);

  ThreadPool& pool_;
  AlignedBuffer memory_;
  std::atomic<uint64_t> sum_{0};  // of all words, which every loop must find
};

}  // namespace realizar::backend
