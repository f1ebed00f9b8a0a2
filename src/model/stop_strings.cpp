#include "model/stop_strings.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace realizar::model {

StopStrings::StopStrings(std::vector<std::string> strings) {
  for (std::string& text : strings) {
    require(!text.empty(), ErrorKind::invalid_argument, "a stop string is empty: leave it out");
    require((static_cast<unsigned char>(text[0]) & 0xc0) != 0x80, ErrorKind::invalid_argument,
            "a stop string begins within a UTF-8 character: give whole characters");
    Pattern pattern{std::move(text), {0, 0}, 0};
    for (size_t i = 1; i < pattern.text.size(); ++i) {
      advance(pattern, pattern.text[i]);
      pattern.border.push_back(pattern.length);
    }
    pattern.length = 0;
    patterns_.push_back(std::move(pattern));
  }
}

void StopStrings::advance(Pattern& pattern, char c) {
  while (pattern.length > 0 && pattern.text[pattern.length] != c)
    pattern.length = pattern.border[pattern.length];
  if (pattern.text[pattern.length] == c) ++pattern.length;
}

std::string StopStrings::push(std::string_view piece) {
  std::string out;
  if (matched_) return out;
  for (const char c : piece) {
    held_ += c;
    size_t longest = 0, complete = 0;
    for (Pattern& pattern : patterns_) {
      advance(pattern, c);
      longest = std::max(longest, pattern.length);
      if (pattern.length == pattern.text.size()) complete = std::max(complete, pattern.length);
    }
    if (complete > 0) {
      matched_ = true;
      out.append(held_, 0, held_.size() - complete);
      held_.clear();
      return out;
    }
    out.append(held_, 0, held_.size() - longest);
    held_.erase(0, held_.size() - longest);
  }
  return out;
}

std::string StopStrings::finish() {
  for (Pattern& pattern : patterns_) pattern.length = 0;
  return std::exchange(held_, {});
}

}  // namespace realizar::model
