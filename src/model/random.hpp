#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace realizar::model {

/// Philox4x32-10: a bijection of a 128-bit counter under a 64-bit key, ten rounds of two 32x32
/// multiplications. Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011. The
/// known answers in tests/model/random_test.cpp are those of the authors' Random123 library.
constexpr std::array<uint32_t, 4> philox4x32_10(std::array<uint32_t, 4> counter,
                                                std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9;  // the golden ratio
    key[1] += 0xBB67AE85;  // sqrt(3) - 1
  }
  return counter;
}

/// The random numbers of one purpose at one position of a sequence. They are a function of (seed, position,
/// purpose) alone, so neither batching, nor resuming, nor what other samplers drew changes them.
class RandomStream {
 public:
  constexpr RandomStream(uint64_t seed, uint64_t position, uint32_t purpose)
      : counter_{0, purpose, static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32)},
        key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)} {}

  constexpr uint32_t next() {
    if (used_ == block_.size()) {
      block_ = philox4x32_10(counter_, key_);
      ++counter_[0];
      used_ = 0;
    }
    return block_[used_++];
  }

  /// In [0, 1), a multiple of 2^-24.
  constexpr float uniform_float() { return static_cast<float>(next() >> 8) * 0x1p-24f; }

  /// In [0, 1), a multiple of 2^-53.
  constexpr double uniform_double() {
    const uint64_t high = next();
    const uint64_t low = next();
    return static_cast<double>((high << 32 | low) >> 11) * 0x1p-53;
  }

 private:
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> block_{};
  size_t used_ = 4;
};

}  // namespace realizar::model
