#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <span>
#include <vector>

#include "base/bit_cast.hpp"

namespace realizar::kernels::test {

/// Inputs of kernels made from a string of bytes: whoever chooses the bytes chooses shapes and numbers. What
/// is asked for beyond their end follows from all of them, so that a short string makes large inputs too.
class ByteSource {
 public:
  explicit ByteSource(std::span<const uint8_t> bytes) : bytes_(bytes) {
    for (const uint8_t byte : bytes) state_ = (state_ ^ byte) * 0x100000001b3;  // FNV-1a
  }

  uint8_t byte() {
    if (at_ < bytes_.size()) return bytes_[at_++];
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX generator
    return static_cast<uint8_t>(state_ >> 56);
  }

  // The same as a generator of random numbers.
  using result_type = uint8_t;
  static constexpr uint8_t min() { return 0; }
  static constexpr uint8_t max() { return 255; }
  uint8_t operator()() { return byte(); }

  bool flag() { return (byte() & 1) != 0; }

  /// In [low, high].
  int between(int low, int high) {
    const int drawn = high - low < 256 ? byte() : byte() << 8 | byte();
    return low + drawn % (high - low + 1);
  }

  /// In [-8, 8), sixteen bits of it.
  float moderate() { return static_cast<float>(static_cast<int16_t>(byte() << 8 | byte())) * 0x1p-12f; }

  /// Moderate ones, those shifted by a power of two, moderate ones with now and then a number at which some
  /// function changes its ways, or any bits: NaN, infinities and denormals.
  std::vector<float> floats(size_t n) {
    enum { moderate_ones, shifted, with_specials, any_bits, n_kinds };
    const int kind = between(0, n_kinds - 1), shift = kind == shifted ? between(-149, 127) : 0;
    std::vector<float> out(n);
    for (float& x : out) {
      if (kind == any_bits)
        x = bits();
      else if (kind == with_specials && byte() < 16)
        x = special();
      else
        x = std::ldexp(moderate(), shift);
    }
    return out;
  }

 private:
  float bits() {
    uint32_t out = 0;
    for (int i = 0; i < 4; ++i) out = out << 8 | byte();
    return bit_cast<float>(out);
  }

  float special() {
    using Limits = std::numeric_limits<float>;
    // Zero, the ends of the range, and where exp, tanh and the clamped gates change over.
    static constexpr float magnitudes[] = {
        0,     Limits::denorm_min(), Limits::min(),      0x1p-100f,          0.625f, 7, 87.33654f, 88.72283f,
        65520, Limits::max(),        Limits::infinity(), Limits::quiet_NaN()};
    const float magnitude = magnitudes[byte() % std::size(magnitudes)];
    return flag() ? -magnitude : magnitude;
  }

  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace realizar::kernels::test
