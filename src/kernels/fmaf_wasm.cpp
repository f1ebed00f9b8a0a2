#include <cstdint>
#include <cstring>

// In place of that of emscripten's library, which changes the rounding mode to tell on which side of the
// middle between two f32 a sum lies; WebAssembly has one mode, and the answer is wrong there. The product of
// two f32 is exact in f64; the sum is rounded to odd, which rounding to f32 cannot tell from the sum itself
// (Boldo and Melquiond 2008).
extern "C" float fmaf(float a, float b, float c) {
  const double product = static_cast<double>(a) * b;
  double sum = product + c;
  const double of_c = sum - product, error = (product - (sum - of_c)) + (c - of_c);  // Knuth's TwoSum
  uint64_t bits;
  std::memcpy(&bits, &sum, sizeof(bits));
  if ((error > 0 || error < 0) && (bits & 1) == 0) bits += (error > 0) == (sum > 0) ? 1 : -1;
  std::memcpy(&sum, &bits, sizeof(bits));
  return static_cast<float>(sum);
}
