#include "text/template/lexer.hpp"

#include <algorithm>
#include <charconv>

#include "text/template/numbers.hpp"
#include "text/template/objects.hpp"
#include "text/template/text_search.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

/// \r\n and \r become \n, and one newline at the very end is dropped.
std::string normalize_newlines(std::string_view source) {
  std::string out;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalize_newlines(source)) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) lex_data();
    add(TokenKind::end, "");
    return std::move(tokens_);
  }

 private:
  void add(TokenKind kind, std::string text) { tokens_.push_back({kind, line_, std::move(text)}); }

  bool looking_at(std::string_view text, std::size_t offset = 0) const {
    return std::string_view(source_).substr(std::min(at_ + offset, source_.size())).starts_with(text);
  }

  void advance(std::size_t bytes) {
    line_ += static_cast<int>(std::count(source_.begin() + at_, source_.begin() + at_ + bytes, '\n'));
    line_start_ = bytes > 0 ? source_[at_ + bytes - 1] == '\n' : line_start_;
    at_ += bytes;
  }

  std::size_t skip_space(std::size_t position) const {
    while (position < source_.size()) {
      std::size_t next = position;
      if (!is_space(next_code_point(source_, next))) break;
      position = next;
    }
    return position;
  }

  /// The data before a tag, with white space taken off as the tag's sign and lstrip_blocks ask.
  std::string strip_before(std::string text, char sign, bool may_lstrip) const {
    if (sign == '-') return text.substr(0, trailing_space_start(text, 0));
    if (sign == '+' || !may_lstrip) return text;
    std::size_t newline = text.rfind('\n');
    std::size_t start = newline == std::string::npos ? 0 : newline + 1;
    if (start == 0 && !line_start_) return text;
    return trailing_space_start(text, start) == start ? text.substr(0, start) : text;
  }

  /// The smallest offset >= `from` after which `text` is white space only.
  static std::size_t trailing_space_start(const std::string& text, std::size_t from) {
    std::size_t start = from;
    for (std::size_t i = from; i < text.size();) {
      if (!is_space(next_code_point(text, i))) start = i;
    }
    return start;
  }

  char sign_at(std::size_t position) const {
    char c = position < source_.size() ? source_[position] : '\0';
    return c == '-' || c == '+' ? c : '\0';
  }

  void lex_data() {
    std::size_t begin = source_.find('{', at_);
    while (begin != std::string::npos &&
           (begin + 1 == source_.size() ||
            std::string_view("{%#").find(source_[begin + 1]) == std::string_view::npos)) {
      begin = source_.find('{', begin + 1);
    }
    if (begin == std::string::npos) {
      add(TokenKind::data, source_.substr(at_));
      return advance(source_.size() - at_);
    }
    char type = source_[begin + 1], sign = sign_at(begin + 2);
    std::string text = strip_before(source_.substr(at_, begin - at_), sign, type != '{');
    if (!text.empty()) add(TokenKind::data, std::move(text));
    advance(begin - at_);
    if (type == '%' && lex_raw()) return;
    std::size_t width = 2 + (sign != '\0');
    if (type == '#') return advance(width), lex_comment();
    add(type == '{' ? TokenKind::variable_begin : TokenKind::block_begin, source_.substr(at_, width));
    advance(width);
    lex_code(type == '{' ? "}}" : "%}", type == '%');
  }

  /// The length of the end of a tag at `position` with its sign and the white space it takes, or 0.
  std::size_t tag_end(std::size_t position, std::string_view close, bool is_block) const {
    std::string_view rest = std::string_view(source_).substr(std::min(position, source_.size()));
    if (rest.starts_with("-") && rest.substr(1).starts_with(close)) {
      return skip_space(position + 1 + close.size()) - position;
    }
    if (is_block && rest.starts_with("+") && rest.substr(1).starts_with(close)) return 1 + close.size();
    if (!rest.starts_with(close)) return 0;
    return close.size() + (is_block && rest.substr(close.size()).starts_with("\n"));
  }

  void lex_comment() {
    for (std::size_t position = at_; position < source_.size(); ++position) {
      if (std::size_t length = tag_end(position, "#}", true)) return advance(position - at_ + length);
    }
    raise_at(line_, "missing end of comment tag");
  }

  std::size_t skip_word(std::size_t position, std::string_view word) const {
    position = skip_space(position);
    if (!std::string_view(source_).substr(position).starts_with(word)) return std::string::npos;
    return skip_space(position + word.size());
  }

  bool lex_raw() {
    std::size_t after = skip_word(at_ + 2 + (sign_at(at_ + 2) != '\0'), "raw");
    if (after == std::string::npos) return false;
    bool strip_after = source_.compare(after, 3, "-%}") == 0;
    if (!strip_after && source_.compare(after, 2, "%}") != 0) return false;
    int line = line_;
    std::size_t body = strip_after ? skip_space(after + 3) : after + 2;
    advance(body - at_);
    for (std::size_t tag = source_.find("{%", at_); tag != std::string::npos;
         tag = source_.find("{%", tag + 1)) {
      char sign = sign_at(tag + 2);
      std::size_t close = skip_word(tag + 2 + (sign != '\0'), "endraw");
      std::size_t length = close == std::string::npos ? 0 : tag_end(close, "%}", true);
      if (length == 0) continue;
      std::string text = strip_before(source_.substr(at_, tag - at_), sign, true);
      if (!text.empty()) add(TokenKind::data, std::move(text));
      advance(close + length - at_);
      return true;
    }
    raise_at(line, "missing end of raw directive");
  }

  void lex_code(std::string_view close, bool is_block) {
    std::string open_brackets;
    while (at_ < source_.size()) {
      std::size_t length = open_brackets.empty() ? tag_end(at_, close, is_block) : 0;
      if (length > 0) {
        add(is_block ? TokenKind::block_end : TokenKind::variable_end, std::string(close));
        return advance(length);
      }
      std::size_t after_space = skip_space(at_);
      if (after_space > at_) {
        advance(after_space - at_);
      } else if (is_ascii_digit(source_[at_])) {
        lex_number();
      } else if (source_[at_] == '\'' || source_[at_] == '"') {
        lex_string();
      } else if (!lex_name()) {
        lex_operator(open_brackets);
      }
    }
  }

  bool lex_name() {
    std::size_t end = at_;
    while (end < source_.size()) {
      std::size_t next = end;
      char32_t c = next_code_point(source_, next);
      if (c != '_' && !is_alphanumeric(c)) break;
      end = next;
    }
    if (end == at_) return false;
    add(TokenKind::name, source_.substr(at_, end - at_));
    advance(end - at_);
    return true;
  }

  /// Digits with single underscores between them, from `position`; returns where they end.
  template <class IsDigit>
  std::size_t digits_end(std::size_t position, IsDigit is_digit_of) const {
    auto digit_at = [&](std::size_t i) { return i < source_.size() && is_digit_of(source_[i]); };
    while (digit_at(position) ||
           (position < source_.size() && source_[position] == '_' && digit_at(position + 1))) {
      ++position;
    }
    return position;
  }

  void lex_number() {
    auto digit_at = [&](std::size_t i) { return i < source_.size() && is_ascii_digit(source_[i]); };
    std::size_t end = digits_end(at_, is_ascii_digit), whole_end = end;
    bool may_be_float = at_ == 0 || source_[at_ - 1] != '.';
    if (may_be_float && end < source_.size() && source_[end] == '.' && digit_at(end + 1)) {
      end = digits_end(end + 1, is_ascii_digit);
    }
    if (may_be_float && end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
      std::size_t exponent = end + 1;
      if (exponent < source_.size() && (source_[exponent] == '+' || source_[exponent] == '-')) ++exponent;
      if (digit_at(exponent)) end = digits_end(exponent, is_ascii_digit);
    }
    Value number;
    if (end > whole_end) {
      number = *parse_float(source_.substr(at_, end - at_));
    } else {
      end = integer_end(whole_end);
      std::string digits = source_.substr(at_, end - at_);
      if (auto parsed = parse_integer(digits, 0)) {
        number = *parsed;
      } else {
        digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
        if (digits.find_first_not_of("0123456789") != std::string::npos)
          raise_at(line_, "the integer ", digits, " does not fit 64 bits");
        if (digits.size() > max_integer_digits)
          raise_at(line_, "an integer has more than ", max_integer_digits, " digits");
        number = make_integer(digits);
      }
    }
    tokens_.push_back({TokenKind::number, line_, source_.substr(at_, end - at_), number});
    advance(end - at_);
  }

  std::size_t integer_end(std::size_t decimal_end) const {
    if (source_[at_] != '0') return decimal_end;
    char base = at_ + 1 < source_.size() ? static_cast<char>(source_[at_ + 1] | 0x20) : '\0';
    auto prefixed = [&](auto is_digit_of) {
      std::size_t end = digits_end(at_ + 2, is_digit_of);
      return end > at_ + 2 ? end : at_ + 1;
    };
    if (base == 'x')
      return prefixed([](char c) { return is_ascii_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); });
    if (base == 'o') return prefixed([](char c) { return c >= '0' && c <= '7'; });
    if (base == 'b') return prefixed([](char c) { return c == '0' || c == '1'; });
    return digits_end(at_ + 1, [](char c) { return c == '0'; });
  }

  void lex_string() {
    char mark = source_[at_];
    std::size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != mark) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) raise_at(line_, "unexpected char ", mark, ": the string has no end");
    add(TokenKind::string, unescape(std::string_view(source_).substr(at_ + 1, end - at_ - 1)));
    advance(end + 1 - at_);
  }

  std::string unescape(std::string_view text) const {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] != '\\') {
        out += text[i++];
        continue;
      }
      unescape_one(text, ++i, out);
    }
    return out;
  }

  /// The escape whose first character behind the backslash stands at `i`, as Python's unicode-escape reads
  /// it.
  void unescape_one(std::string_view text, std::size_t& i, std::string& out) const {
    static constexpr std::string_view names = "abfnrtv\\'\"\n", meanings = "\a\b\f\n\r\t\v\\'\"";
    char c = text[i];
    std::size_t known = names.find(c);
    if (known != std::string_view::npos) {
      ++i;
      if (c != '\n') out += meanings[known];
    } else if (c == 'x' || c == 'u' || c == 'U') {
      std::size_t width = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      std::string_view digits = text.substr(std::min(i + 1, text.size()), width);
      std::uint32_t code = 0;
      auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
      if (digits.size() < width || error != std::errc() || end != digits.data() + width) {
        raise_at(line_, "truncated \\", c, " escape in a string");
      }
      if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        raise_at(line_, "illegal Unicode character in a string");
      append_utf8(out, code);
      i += 1 + width;
    } else if (c >= '0' && c <= '7') {
      char32_t code = 0;
      for (int k = 0; k < 3 && i < text.size() && text[i] >= '0' && text[i] <= '7'; ++k)
        code = code * 8 + (text[i++] - '0');
      append_utf8(out, code);
    } else if (c == 'N') {
      raise_at(line_, "character names (\\N{...}) are not supported in strings");
    } else {
      char32_t other = next_code_point(text, i);
      if (other < 0x80) {
        out += '\\';
        append_utf8(out, other);
      } else {
        out += escape_code_point(other);
      }
    }
  }

  void lex_operator(std::string& open_brackets) {
    static constexpr std::string_view pairs[] = {"//", "**", "==", "!=", ">=", "<="};
    std::string_view rest = std::string_view(source_).substr(at_);
    std::size_t length = 0;
    for (std::string_view pair : pairs) {
      if (rest.starts_with(pair)) length = 2;
    }
    if (length == 0 && std::string_view("+-/*%~[](){}><=.:|,;").find(rest[0]) != std::string_view::npos)
      length = 1;
    if (length == 0) raise_at(line_, "unexpected char '", rest[0], "'");
    char c = rest[0];
    if (c == '(' || c == '[' || c == '{') open_brackets += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (open_brackets.empty()) raise_at(line_, "unexpected '", c, "'");
      if (open_brackets.back() != c)
        raise_at(line_, "unexpected '", c, "', expected '", open_brackets.back(), "'");
      open_brackets.pop_back();
    }
    add(TokenKind::op, std::string(rest.substr(0, length)));
    advance(length);
  }

  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_start_ = true;  ///< the last thing read ended with a newline
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace realizar::text::jinja
