#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <string>
#include <string_view>

#include "realizar/version.hpp"

namespace realizar::test {

/// Threads of all timed tests.
inline constexpr int timed_threads = 2;

/// Why times mean nothing here; empty where they do.
inline std::string untimed_reason() {
#if !defined(__OPTIMIZE__)
  return "not timed in a build without optimisation";
#else
  if (std::string_view(instruction_set()) == "scalar") return "not timed with the scalar instruction set";
  return "";
#endif
}

template <class Work>
double seconds_of(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Prints a line that begins with "acceptance: ", by which scripts/test collects it.
[[gnu::format(printf, 1, 2)]] inline void report(const char* format, ...) {
  std::printf("acceptance: ");
  va_list numbers;
  va_start(numbers, format);
  std::vprintf(format, numbers);
  va_end(numbers);
  std::printf("\n");
}

}  // namespace realizar::test

/// Skips the test, and says so, where times mean nothing.
#define REALIZAR_TIMED_OR_SKIP() \
  if (const std::string reason = ::realizar::test::untimed_reason(); !reason.empty()) GTEST_SKIP() << reason
