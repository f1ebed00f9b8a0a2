#include "cli/progress_bar.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "cli/interrupt.hpp"

namespace realizar::cli {
namespace {

constexpr double long_work_seconds = 1;
constexpr double redraw_seconds = 0.1;
constexpr int bar_columns = 30;

}  // namespace

ProgressBar::ProgressBar(std::string label)
    : label_(std::move(label)), on_terminal_(isatty(STDERR_FILENO) != 0) {}

ProgressBar::~ProgressBar() {
  if (visible_) std::fputs("\r\x1b[K", stderr);
}

void ProgressBar::update(uint64_t done, uint64_t total) {
  throw_if_interrupted();
  if (!on_terminal_ || total == 0) return;
  const std::lock_guard lock(mutex_);
  const auto seconds_since = [now = Clock::now()](Clock::time_point then) {
    return std::chrono::duration<double>(now - then).count();
  };
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const double elapsed = seconds_since(start_);
  if (seconds_since(drawn_) < redraw_seconds || elapsed < long_work_seconds * share) return;
  drawn_ = Clock::now();
  visible_ = true;
  const auto filled = static_cast<size_t>(share * bar_columns);
  const std::string bar = std::string(filled, '#') + std::string(bar_columns - filled, '.');
  std::fprintf(stderr, "\r%s [%s] %3d %%\x1b[K", label_.c_str(), bar.c_str(), static_cast<int>(share * 100));
  std::fflush(stderr);
}

}  // namespace realizar::cli
