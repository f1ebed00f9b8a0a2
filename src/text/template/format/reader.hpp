#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "text/template/sandbox.hpp"

namespace realizar::text::jinja {

/// Reads a format from its start to its end.
class FormatReader {
 public:
  explicit FormatReader(std::string_view text) : text_(text) {}
  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  char take() { return done() ? '\0' : text_[at_++]; }
  bool skip(char c) { return peek() == c && !done() && (++at_, true); }
  void advance(std::size_t n) { at_ += n; }

  std::optional<std::int64_t> integer() {
    if (peek() < '0' || peek() > '9') return std::nullopt;
    std::int64_t value = 0;
    while (peek() >= '0' && peek() <= '9')
      value = std::min<std::int64_t>(value * 10 + (take() - '0'), 1'000'000'000);
    return value;
  }
  std::string until(char close) {
    std::size_t end = text_.find(close, at_);
    if (end == std::string_view::npos) raise("incomplete format");
    std::string out(text_.substr(at_, end - at_));
    at_ = end + 1;
    return out;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace realizar::text::jinja
