#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace realizar::cli {

/// A line on stderr that shows how far long work has come. It appears only on a terminal, and only when the
/// work is going to take more than a second; it goes away with its object.
class ProgressBar {
 public:
  explicit ProgressBar(std::string label);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// May be called from any thread. Throws `Interrupted` after Ctrl-C.
  void update(uint64_t done, uint64_t total);

 private:
  using Clock = std::chrono::steady_clock;

  std::string label_;
  bool on_terminal_;
  bool visible_ = false;
  std::mutex mutex_;
  Clock::time_point start_ = Clock::now(), drawn_ = start_;
};

}  // namespace realizar::cli
