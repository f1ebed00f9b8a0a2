#include "text/template/numbers.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <limits>
#include <locale>
#include <sstream>

#include "text/case_mapping.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

std::string_view strip(std::string_view text) {
  std::size_t start = text.size(), end = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t begin = i;
    if (is_space(next_code_point(text, i))) continue;
    start = std::min(start, begin);
    end = i;
  }
  return start < end ? text.substr(start, end - start) : std::string_view();
}

/// Takes single underscores between digits out; nothing when one stands elsewhere.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    auto alphanumeric = [](char c) {
      return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    };
    if (i == 0 || i + 1 == text.size() || !alphanumeric(text[i - 1]) || !alphanumeric(text[i + 1]))
      return std::nullopt;
  }
  return out;
}

/// digits[0].digits[1]... times 10^exponent
struct Decimal {
  std::string digits;
  int exponent;
};

/// The closest of the shortest decimals that read back as `number`, which is finite and not negative.
Decimal shortest_decimal(double number) {
  const auto reads_back = [number](const Decimal& decimal) {
    const int last = decimal.exponent - static_cast<int>(decimal.digits.size()) + 1;
    return std::strtod((decimal.digits + "e" + std::to_string(last)).c_str(), nullptr) == number;
  };
  for (int precision = 0;; ++precision) {
    char text[40];
    std::snprintf(text, sizeof text, "%.*e", precision, number);
    const char* mark = std::strchr(text, 'e');
    Decimal decimal{"", std::atoi(mark + 1)};
    // Only the digits: the sign between them is the locale's.
    std::copy_if(static_cast<const char*>(text), mark, std::back_inserter(decimal.digits),
                 [](char c) { return c >= '0' && c <= '9'; });
    if (precision == 16 || reads_back(decimal)) return decimal;
    // A power of two is nearer to the number below it than to the one above, so that the closest decimal may
    // miss it where the next one reads back.
    if (decimal.digits.back() != '9') {
      ++decimal.digits.back();
      if (reads_back(decimal)) return decimal;
    }
  }
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text, int base) {
  auto cleaned = without_underscores(strip(text));
  if (!cleaned) return std::nullopt;
  std::string_view digits = *cleaned;
  bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.size() > 2 && digits[0] == '0') {
    char mark = static_cast<char>(digits[1] | 0x20);
    int prefix = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    if (prefix != 0 && (base == 0 || base == prefix)) {
      base = prefix;
      digits.remove_prefix(2);
    }
  }
  if (base == 0) base = 10;
  std::uint64_t magnitude = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (magnitude > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) + negative)
    return std::nullopt;
  return static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
}

std::optional<double> parse_float(std::string_view text) {
  auto cleaned = without_underscores(strip(text));
  if (!cleaned) return std::nullopt;
  std::string lower = to_lower(*cleaned), word = lower;
  if (word.starts_with('+') || word.starts_with('-')) word.erase(0, 1);
  double sign = lower.starts_with('-') ? -1 : 1;
  if (word == "inf" || word == "infinity") return sign * std::numeric_limits<double>::infinity();
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (word.find_first_not_of("0123456789.e+-") != std::string::npos || word.empty()) return std::nullopt;
  std::size_t exponent = std::min(word.find('e'), word.size());
  std::string_view mantissa = std::string_view(word).substr(0, exponent);
  if (mantissa.find_first_of("0123456789") == std::string_view::npos) return std::nullopt;
  if (mantissa.find_first_of("+-") != std::string_view::npos) return std::nullopt;
  // A stream reads "1." and ".5" as Python does, in the same locale everywhere.
  std::istringstream stream(lower);
  stream.imbue(std::locale::classic());
  double number = 0;
  stream >> number;
  if (stream.fail()) {
    bool overflow = std::abs(number) == std::numeric_limits<double>::max() || std::isinf(number);
    return overflow ? std::optional(sign * std::numeric_limits<double>::infinity()) : std::nullopt;
  }
  if (stream.peek() != std::istringstream::traits_type::eof()) return std::nullopt;
  return number;
}

std::string format_float(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  const std::string sign = std::signbit(number) ? "-" : "";
  const auto [digits, exponent] = shortest_decimal(std::abs(number));
  auto count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    std::string power = std::to_string(std::abs(exponent));
    return sign + digits[0] + (count > 1 ? "." + digits.substr(1) : "") + (exponent < 0 ? "e-" : "e+") +
           (power.size() < 2 ? "0" : "") + power;
  }
  if (exponent < 0) return sign + "0." + std::string(-exponent - 1, '0') + digits;
  if (count <= exponent + 1) return sign + digits + std::string(exponent + 1 - count, '0') + ".0";
  return sign + digits.substr(0, exponent + 1) + "." + digits.substr(exponent + 1);
}

double round_to(double number, std::int64_t places) {
  if (!std::isfinite(number) || places > 323) return number;
  if (places < -308) return std::copysign(0.0, number);
  if (places < 0) {
    double unit = std::pow(10.0, static_cast<double>(-places));
    return std::nearbyint(number / unit) * unit;
  }
  char buffer[700];
  std::snprintf(buffer, sizeof buffer, "%.*f", static_cast<int>(places), number);
  return parse_float(buffer).value_or(number);
}

}  // namespace realizar::text::jinja
