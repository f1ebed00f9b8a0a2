#pragma once

#include <cstdint>
#include <limits>

#include "base/bit_cast.hpp"

namespace realizar {

// exp and log of doubles that give the same bits on every machine. libm promises no such thing: glibc, musl
// and Apple's library differ in the last place. Only IEEE 754 +, -, * and / appear, in one written order (the
// build sets -ffp-contract=off), so rounding is the same wherever doubles are. Both are within 2 units in the
// last place.

/// e^x.
inline double portable_exp(double x) {
  if (!(x <= 709.782712893384))
    return x > 0 ? std::numeric_limits<double>::infinity() : x;  // too large, or NaN
  if (x < -745.2) return 0;
  // x = k ln 2 + r with |r| <= ln 2 / 2. Adding and subtracting 1.5 * 2^52 rounds to an integer. The high
  // part of ln 2 ends in zero bits, so that k times it is exact (Cody and Waite, "Software Manual for the
  // Elementary Functions", 1980).
  constexpr double round = 0x1.8p52;
  const double k = (x * 0x1.71547652b82fep0 + round) - round;
  const double r = (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33;
  // The Taylor series: the first term left out, r^14 / 14!, is below 5e-18.
  constexpr double inverse_factorials[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
                                           1.0 / 362880,     1.0 / 40320,     1.0 / 5040,     1.0 / 720,
                                           1.0 / 120,        1.0 / 24,        1.0 / 6,        1.0 / 2};
  double series = 0;
  for (const double c : inverse_factorials) series = series * r + c;
  const double y = 1 + (r + r * r * series);
  // 2^k in two factors, since k reaches 1024 and -1075.
  const auto exponent = static_cast<int64_t>(k);
  const auto power_of_two = [](int64_t e) { return bit_cast<double>((e + 1023) << 52); };
  return y * power_of_two(exponent / 2) * power_of_two(exponent - exponent / 2);
}

/// The natural logarithm of x: -infinity at 0, NaN below.
inline double portable_log(double x) {
  if (!(x > 0))
    return x == 0 ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  if (x == std::numeric_limits<double>::infinity()) return x;
  int64_t exponent = 0;
  if (x < std::numeric_limits<double>::min()) {  // a subnormal: make its leading bit explicit
    x *= 0x1p54;
    exponent = -54;
  }
  // x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2); 0x3fe6a09e... are the bits of sqrt(1/2).
  const uint64_t bits = bit_cast<uint64_t>(x) - 0x3fe6a09e667f3bcdu;
  exponent += static_cast<int64_t>(bits) >> 52;
  const double f = bit_cast<double>((bits & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1;
  // log(1 + f) = 2 atanh(s), s = f / (2 + f), and 2s = f - s f; written as f minus a correction, so that the
  // rounding of s does not reach the leading term.
  const double s = f / (2 + f);
  const double z = s * s;
  double series = 0;
  for (int odd = 23; odd >= 3; odd -= 2) series = series * z + 2.0 / odd;
  const double half_square = 0.5 * f * f;
  const double k = static_cast<double>(exponent);
  return k * 0x1.62e42feep-1 -
         ((half_square - (s * (half_square + z * series) + k * 0x1.a39ef35793c76p-33)) - f);
}

/// x^y for x > 0, and 0 at 0 for y > 0.
inline double portable_power(double x, double y) { return portable_exp(y * portable_log(x)); }

/// sin(x) and cos(x) for |x| below a million, to the last place or two of a double.
inline void portable_sin_cos(double x, double& sine, double& cosine) {
  // x = k pi / 2 + r with |r| <= pi / 4, pi / 2 in three parts whose products with k are exact (Cody and
  // Waite).
  constexpr double round = 0x1.8p52;
  const double k = (x * 0x1.45f306dc9c883p-1 + round) - round;
  const double r = ((x - k * 0x1.921fb544p0) - k * 0x1.0b4611a6p-34) - k * 0x1.3198a2e037073p-69;
  const double z = r * r;
  // The Taylor series; the first terms left out are below 1e-18.
  constexpr double sine_terms[] = {
      1.0 / 355687428096000, -1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800,
      1.0 / 362880,          -1.0 / 5040,          1.0 / 120,        -1.0 / 6};
  constexpr double cosine_terms[] = {
      1.0 / 20922789888000, -1.0 / 87178291200, 1.0 / 479001600, -1.0 / 3628800,
      1.0 / 40320,          -1.0 / 720,         1.0 / 24,        -1.0 / 2};
  double s = 0, c = 0;
  for (const double term : sine_terms) s = s * z + term;
  for (const double term : cosine_terms) c = c * z + term;
  s = r + r * z * s;
  c = 1 + z * c;
  switch (static_cast<int64_t>(k) & 3) {
    case 0:
      sine = s, cosine = c;
      break;
    case 1:
      sine = c, cosine = -s;
      break;
    case 2:
      sine = -s, cosine = -c;
      break;
    default:
      sine = -c, cosine = s;
      break;
  }
}

}  // namespace realizar
