#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace realizar::backend {

/// While it lives, the calling thread computes as IEEE 754 says: round to nearest even, denormals kept, no
/// traps. The caller's mode comes back afterwards. Results depend on it: some programs and libraries
/// (-ffast-math) set flush-to-zero in every thread they touch.
class IeeeMode {
 public:
  IeeeMode() : saved_(get()) { set(ieee); }
  ~IeeeMode() { set(saved_); }
  IeeeMode(const IeeeMode&) = delete;
  IeeeMode& operator=(const IeeeMode&) = delete;

 private:
#if defined(__x86_64__)
  // MXCSR: all exceptions masked; rounding control, FTZ and DAZ zero.
  static constexpr uint32_t ieee = 0x1f80;
  static uint32_t get() { return _mm_getcsr(); }
  static void set(uint32_t mode) { _mm_setcsr(mode); }
  uint32_t saved_;
#elif defined(__aarch64__)
  // FPCR: rounding mode, FZ, FZ16 and the trap enables zero.
  static constexpr uint64_t ieee = 0;
  static uint64_t get() {
    uint64_t mode;
    asm volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
  }
  static void set(uint64_t mode) { asm volatile("msr fpcr, %0" : : "r"(mode)); }
  uint64_t saved_;
#else
  // WebAssembly has no other mode.
  static constexpr uint32_t ieee = 0;
  static uint32_t get() { return ieee; }
  static void set(uint32_t) {}
  uint32_t saved_;
#endif
};

}  // namespace realizar::backend
