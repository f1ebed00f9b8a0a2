// WordPiece (BERT): words are split off, and each is covered from its front by the longest tokens. The
// vocabulary spells the begin of a word as U+2581, where the original lists mark the pieces that continue
// one.
#include <string>

#include "text/case_mapping.hpp"
#include "text/tokenizer_algorithm.hpp"
#include "text/unicode.hpp"

namespace realizar::text {

namespace {

/// Characters that are words of their own. The fifth range begins 0x100 late, as in the tokenizers that the
/// vocabularies were published with.
bool is_chinese(std::uint32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x2F800 && c <= 0x2FA1F);
}

class WordPiece final : public TokenizerAlgorithm {
 public:
  explicit WordPiece(const Vocabulary& vocabulary) : vocabulary_(vocabulary), index_(entries(vocabulary)) {}

  void encode(std::string_view text, std::vector<std::int32_t>& ids) const override {
    std::string word(escaped_space);
    const auto end_word = [&] {
      if (word.size() > escaped_space.size()) encode_word(word, ids);
      word = escaped_space;
    };
    for (std::size_t i = 0; i < text.size();) {
      std::uint32_t c = next_code_point(text, i);
      if (vocabulary_.strip_accents) c = base_character(c);
      if (is_whitespace(c)) {
        end_word();
        continue;
      }
      const Category kind = category(c);
      if (c == 0 || c == replacement_character || kind == Category::control) continue;
      if (vocabulary_.strip_accents && kind == Category::mark) continue;
      const bool alone =
          kind == Category::punctuation || (c < 0x7F && kind == Category::symbol) || is_chinese(c);
      if (alone) end_word();
      append_utf8(word, vocabulary_.lowercase ? to_lower(c) : c);
      if (alone) end_word();
    }
    end_word();
  }

 private:
  static std::vector<PrefixIndex::Entry> entries(const Vocabulary& vocabulary) {
    std::vector<PrefixIndex::Entry> all;
    for (std::size_t i = vocabulary.tokens.size(); i-- > 0;)
      all.push_back({vocabulary.tokens[i], static_cast<std::int32_t>(i)});
    return all;
  }

  void encode_word(std::string_view word, std::vector<std::int32_t>& ids) const {
    const std::size_t before = ids.size();
    for (std::size_t i = 0; i < word.size();) {
      std::size_t longest = 0;
      std::int32_t found = no_token;
      index_.for_each_prefix(word.substr(i), [&](std::size_t length, std::int32_t id) {
        longest = length;
        found = id;
      });
      if (found == no_token) {
        ids.resize(before);
        if (vocabulary_.unknown != no_token) ids.push_back(vocabulary_.unknown);
        return;
      }
      ids.push_back(found);
      i += longest;
    }
  }

  const Vocabulary& vocabulary_;
  PrefixIndex index_;
};

}  // namespace

std::unique_ptr<TokenizerAlgorithm> make_word_piece(const Vocabulary& vocabulary) {
  return std::make_unique<WordPiece>(vocabulary);
}

}  // namespace realizar::text
