#include "backend/bandwidth.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "base/error.hpp"

namespace realizar::backend {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t line_words = cache_line_bytes / sizeof(uint64_t);

/// What a thread takes at a time: long enough for the hardware prefetchers, short enough that a thread which
/// is held up does not hold up the end.
constexpr size_t piece_bytes = size_t{1} << 20;
constexpr size_t piece_words = piece_bytes / sizeof(uint64_t);

/// How far ahead of the loads software prefetch runs: about the latency of memory times the speed of a core.
constexpr size_t prefetch_words = 10240 / sizeof(uint64_t);

/// Adds a cache line to eight sums, so that no addition waits for the one before.
inline void add_line(uint64_t (&sums)[line_words], const uint64_t* line) {
  for (size_t i = 0; i < line_words; ++i) sums[i] += line[i];
}

inline uint64_t total(const uint64_t (&sums)[line_words]) {
  uint64_t sum = 0;
  for (const uint64_t part : sums) sum += part;
  return sum;
}

uint64_t read_plain(const uint64_t* words, size_t n_words) {
  uint64_t sums[line_words] = {};
  for (size_t at = 0; at < n_words; at += line_words) add_line(sums, words + at);
  return total(sums);
}

/// Four places at once: more pages open in memory and more hardware prefetchers at work.
uint64_t read_four_streams(const uint64_t* words, size_t n_words) {
  const size_t quarter = n_words / 4;
  uint64_t sums[4][line_words] = {};
  for (size_t at = 0; at < quarter; at += line_words)
    for (size_t stream = 0; stream < 4; ++stream) add_line(sums[stream], words + stream * quarter + at);
  return total(sums[0]) + total(sums[1]) + total(sums[2]) + total(sums[3]);
}

uint64_t read_with_prefetch(const uint64_t* words, size_t n_words) {
  uint64_t sums[line_words] = {};
  for (size_t at = 0; at < n_words; at += line_words) {
    // Beyond the end of the memory a prefetch does nothing.
    __builtin_prefetch(words + at + prefetch_words, 0, 0);
    add_line(sums, words + at);
  }
  return total(sums);
}

}  // namespace

ReadBandwidthMeter::ReadBandwidthMeter(ThreadPool& pool, size_t bytes) : pool_(pool) {
  require(bytes >= piece_bytes, ErrorKind::invalid_argument, "read bandwidth cannot be measured over ", bytes,
          " bytes: give at least ", piece_bytes);
  memory_ = AlignedBuffer((bytes + piece_bytes - 1) / piece_bytes * piece_bytes);
  // Untouched pages would all be the one page of zeros, and hosts of virtual machines merge pages that are
  // alike.
  const auto words = memory_.as<uint64_t>();
  pool_.parallel_for(static_cast<int64_t>(words.size()), piece_words, [&](int64_t begin, int64_t end) {
    uint64_t sum = 0;
    for (int64_t i = begin; i < end; ++i)
      sum += words[static_cast<size_t>(i)] = static_cast<uint64_t>(i) * 0x9e3779b97f4a7c15;
    sum_ += sum;
  });
}

double ReadBandwidthMeter::read_once(Loop loop) {
  const auto words = std::as_const(memory_).as<uint64_t>();
  std::atomic<uint64_t> sum = 0;
  const Clock::time_point start = Clock::now();
  pool_.parallel_for(static_cast<int64_t>(words.size() / piece_words), 1, [&](int64_t piece, int64_t) {
    sum += loop(words.data() + static_cast<size_t>(piece) * piece_words, piece_words);
  });
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  // The sum has to be wanted, or the loops would not be run.
  require(sum == sum_, ErrorKind::internal, "the bandwidth test read other values than it wrote");
  return static_cast<double>(memory_.size()) / std::max(seconds, 1e-9);
}

double ReadBandwidthMeter::measure(double seconds) {
  const Clock::time_point start = Clock::now();
  double best = 0;
  do {
    for (const Loop loop : {read_plain, read_four_streams, read_with_prefetch})
      best = std::max(best, read_once(loop));
  } while (std::chrono::duration<double>(Clock::now() - start).count() < seconds);
  return best;
}

}  // namespace realizar::backend
