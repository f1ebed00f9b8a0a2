#include "text/pre_tokenizer.hpp"

#include <string>

#include "text/unicode.hpp"

namespace realizar::text {

namespace {

using CodePoints = std::vector<std::uint32_t>;

bool is_ascii_digit(std::uint32_t c) { return c >= '0' && c <= '9'; }
bool is_number(std::uint32_t c) { return c < 0x80 ? is_ascii_digit(c) : category(c) == Category::number; }

/// Pieces in the making, cut at ascending positions.
class Cutter {
 public:
  Cutter(std::vector<std::uint32_t>& pieces, std::size_t begin) : pieces_(pieces), begin_(begin) {}
  void cut(std::size_t position) {
    if (position > begin_) pieces_.push_back(static_cast<std::uint32_t>(position - begin_));
    begin_ = position;
  }

 private:
  std::vector<std::uint32_t>& pieces_;
  std::size_t begin_;
};

/// Cuts runs of numbers in text[begin, end) into groups of three, counted from the end of the run.
void cut_by_three(SplitKind kind, const CodePoints& text, std::size_t begin, std::size_t end,
                  Cutter& cutter) {
  bool (*in_run)(std::uint32_t) = kind == SplitKind::digits_by_three ? is_ascii_digit : is_number;
  for (std::size_t i = begin; i < end;) {
    if (!in_run(text[i])) {
      ++i;
      continue;
    }
    const std::size_t first = i;
    while (i < end && in_run(text[i])) ++i;
    const std::size_t rest = (i - first) % 3;
    switch (kind) {
      case SplitKind::numbers_by_three:
        for (std::size_t p = first + (rest ? rest : 3); p <= i; p += 3) cutter.cut(p);
        break;
      case SplitKind::digits_by_three:
        for (std::size_t p = first + rest; p < i; p += 3) cutter.cut(p);
        break;
      case SplitKind::pattern:
        break;
    }
  }
}

}  // namespace

PreTokenizer::PreTokenizer(const PreTokenizerTraits& traits) {
  for (const SplitStep& step : traits.steps) {
    Step made{step.kind, nullptr, nullptr};
    if (step.kind == SplitKind::pattern) {
      made.pattern = std::make_unique<CollapsedPattern>(step.pattern);
      made.expression = std::make_unique<RegularExpression>(made.pattern->bytes());
    }
    steps_.push_back(std::move(made));
  }
}

std::vector<std::uint32_t> PreTokenizer::split(const CodePoints& text) const {
  std::vector<std::uint32_t> pieces, next;
  if (!text.empty()) pieces.push_back(static_cast<std::uint32_t>(text.size()));
  std::string collapsed(text.size(), '\0');
  for (const Step& step : steps_) {
    next.clear();
    std::unique_ptr<RegularExpression::Matcher> matcher;
    if (step.kind == SplitKind::pattern) {
      for (std::size_t i = 0; i < text.size(); ++i)
        collapsed[i] = static_cast<char>(step.pattern->collapse(text[i]));
      matcher = std::make_unique<RegularExpression::Matcher>(*step.expression);
    }
    std::size_t begin = 0;
    for (const std::uint32_t length : pieces) {
      Cutter cutter(next, begin);
      const std::size_t end = begin + length;
      if (matcher) {
        // Every piece is a text of its own: nothing looks beyond it.
        const std::string_view subject(collapsed.data() + begin, length);
        RegularExpression::Match match{0, 0};
        // A piece on which matching runs out of steps stays whole from there on.
        while (match.end < length &&
               matcher->find(subject, match.end, match) == RegularExpression::Result::match) {
          cutter.cut(begin + match.begin);
          cutter.cut(begin + match.end);
        }
      } else {
        cut_by_three(step.kind, text, begin, end, cutter);
      }
      cutter.cut(end);
      begin = end;
    }
    pieces.swap(next);
  }
  return pieces;
}

}  // namespace realizar::text
