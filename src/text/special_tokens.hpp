#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/token_index.hpp"
#include "text/vocabulary.hpp"

namespace realizar::text {

/// What a token is, as bits: published files mark tokens wrongly, and the marks mended here can add up.
struct TokenAttributes {
  bool normal : 1;
  bool unknown : 1;
  bool control : 1;
  bool user_defined : 1;
  bool byte : 1;
  bool strip_left : 1;   ///< takes the white space before it, where it is found in text
  bool strip_right : 1;  ///< and behind it

  bool special() const { return control || unknown; }
};

/// The tokens with a meaning of their own, found by the ids in the vocabulary and by well-known texts.
class SpecialTokens {
 public:
  SpecialTokens(const Vocabulary& vocabulary, const TokenIndex& index);

  const TokenAttributes& attributes(std::int32_t id) const {
    return attributes_[static_cast<std::size_t>(id)];
  }
  bool ends_generation(std::int32_t id) const;
  /// Ascending.
  const std::vector<std::int32_t>& end_of_generation() const { return end_of_generation_; }

  struct Fragment {
    std::string_view text;  ///< empty: it is the token
    std::int32_t id = no_token;
  };
  /// Cuts text at the special tokens in it: longer ones are looked for first, each from the left. Tokens that
  /// the user defined are always found, control tokens and the unknown token only with `parse_special`.
  std::vector<Fragment> partition(std::string_view text, bool parse_special) const;

 private:
  void mend(const Vocabulary& vocabulary, const TokenIndex& index);
  void set_stripping(const Vocabulary& vocabulary, const TokenIndex& index);
  void add_end(std::int32_t id);
  void remove_end(std::int32_t id);
  static std::vector<PrefixIndex::Entry> searched(const Vocabulary& vocabulary,
                                                  const std::vector<TokenAttributes>& attributes);

  std::vector<TokenAttributes> attributes_;
  std::vector<std::int32_t> end_of_generation_;
  PrefixIndex searched_{{}};
};

}  // namespace realizar::text
