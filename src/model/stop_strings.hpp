#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace realizar::model {

/// Finds the first of several stop strings in text that comes in pieces, and lets no part of it out: text
/// that may be the beginning of one is held back until it is clear whether it is. The outcome does not depend
/// on where the borders of the pieces fall. Stop strings begin at character borders, so what is let out ends
/// at one.
class StopStrings {
 public:
  /// Throws for an empty string, and for one that begins within a UTF-8 character.
  explicit StopStrings(std::vector<std::string> strings);

  /// Takes a piece and returns the text that can be shown now. After a match: that before the stop string,
  /// and then nothing more.
  std::string push(std::string_view piece);

  /// The end of the text: returns what was held back and proved to be no stop string.
  std::string finish();

  bool matched() const { return matched_; }

 private:
  /// Knuth, Morris, Pratt: "Fast Pattern Matching in Strings", SIAM J. Comput. 6 (1977).
  struct Pattern {
    std::string text;
    std::vector<size_t> border;  ///< of text[0, i): the longest proper prefix that is also a suffix
    size_t length = 0;           ///< how much of `text` the end of the input matches
  };
  static void advance(Pattern& pattern, char c);

  std::vector<Pattern> patterns_;
  std::string held_;
  bool matched_ = false;
};

}  // namespace realizar::model
