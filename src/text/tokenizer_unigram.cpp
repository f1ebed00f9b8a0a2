// SentencePiece unigram models (T5): of all ways to cut the text into tokens, the one with the best sum of
// scores. Kudo, "Subword Regularization" (2018), section 3.
#include <algorithm>
#include <limits>
#include <string>

#include "text/character_map.hpp"
#include "text/tokenizer_algorithm.hpp"
#include "text/unicode.hpp"

namespace realizar::text {

namespace {

constexpr double unknown_penalty = 10.0;

class Unigram final : public TokenizerAlgorithm {
 public:
  explicit Unigram(const Vocabulary& vocabulary)
      : vocabulary_(vocabulary),
        character_map_(vocabulary.precompiled_charsmap),
        index_(entries(vocabulary, {TokenType::normal, TokenType::user_defined, TokenType::unused})),
        user_defined_(entries(vocabulary, {TokenType::user_defined})) {
    float lowest = std::numeric_limits<float>::max();
    for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i)
      if (type(i) == TokenType::normal) lowest = std::min(lowest, score(i));
    unknown_score_ = lowest - static_cast<float>(unknown_penalty);
  }

  void encode(std::string_view text, std::vector<std::int32_t>& ids) const override {
    const std::string normalized = normalize(text);
    if (normalized.empty()) return;
    std::vector<Best> best(normalized.size() + 1);
    best[0].score = 0;
    const auto offer = [&](std::size_t from, std::size_t to, std::int32_t id, double token_score) {
      const double sum = best[from].score + token_score;
      if (sum > best[to].score) best[to] = {id, static_cast<std::uint32_t>(from), sum};
    };
    for (std::size_t i = 0; i < normalized.size();) {
      const std::size_t character = std::min(utf8_length(normalized[i]), normalized.size() - i);
      bool covered = false;
      index_.for_each_prefix(
          std::string_view(normalized).substr(i), [&](std::size_t length, std::int32_t id) {
            covered = covered || length == character;
            const auto token = static_cast<std::size_t>(id);
            // Tokens that the user defined win over all that the model learned, whose scores are below 0.
            offer(i, i + length, id, type(token) == TokenType::user_defined ? 0.0 : score(token));
          });
      if (!covered) offer(i, i + character, vocabulary_.unknown, unknown_score_);
      i += character;
    }
    const std::size_t before = ids.size();
    bool after_unknown = false;  // a run of unknown characters is one token
    for (std::size_t i = normalized.size(); i > 0; i = best[i].from) {
      const bool unknown = best[i].id == vocabulary_.unknown;
      if (!(unknown && after_unknown) && best[i].id != no_token) ids.push_back(best[i].id);
      after_unknown = unknown;
    }
    std::reverse(ids.begin() + static_cast<std::ptrdiff_t>(before), ids.end());
  }

 private:
  struct Best {
    std::int32_t id = no_token;
    std::uint32_t from = 0;
    double score = -std::numeric_limits<double>::max();
  };

  static TokenType type_of(const Vocabulary& vocabulary, std::size_t id) {
    return vocabulary.types.empty() ? TokenType::normal : vocabulary.types[id];
  }
  TokenType type(std::size_t id) const { return type_of(vocabulary_, id); }
  float score(std::size_t id) const { return vocabulary_.scores.empty() ? 0.0f : vocabulary_.scores[id]; }

  static std::vector<PrefixIndex::Entry> entries(const Vocabulary& vocabulary,
                                                 std::initializer_list<TokenType> wanted) {
    std::vector<PrefixIndex::Entry> found;
    for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i)
      if (std::find(wanted.begin(), wanted.end(), type_of(vocabulary, i)) != wanted.end())
        found.push_back({vocabulary.tokens[i], static_cast<std::int32_t>(i)});
    return found;
  }

  std::string normalize(std::string_view text) const {
    const bool prefix = vocabulary_.add_space_prefix && !vocabulary_.whitespace_as_suffix;
    const bool merge = vocabulary_.remove_extra_whitespaces;
    std::string normalized;
    bool prefixed = false;
    bool in_word = false;
    std::string piece;
    for (std::size_t i = 0; i < text.size();) {
      i += normalize_next(text.substr(i), piece);
      for (const char c : piece) {
        if (c == ' ') {
          in_word = false;
          if (!merge) normalized += escaped_space;
          continue;
        }
        if (!in_word && ((prefix && !prefixed) || merge)) {
          normalized += escaped_space;
          prefixed = true;
        }
        in_word = true;
        normalized += c;
      }
    }
    if (vocabulary_.add_space_prefix && vocabulary_.whitespace_as_suffix) normalized += escaped_space;
    return normalized;
  }

  /// Sets `piece` to what the front of `text` is read as, and says how many bytes that takes.
  std::size_t normalize_next(std::string_view text, std::string& piece) const {
    std::size_t consumed = 0;
    user_defined_.for_each_prefix(text, [&](std::size_t length, std::int32_t) { consumed = length; });
    if (consumed > 0) {
      piece = text.substr(0, consumed);
      return consumed;
    }
    if (const auto replacement = character_map_.find(text)) {
      piece = replacement->text;
      return replacement->consumed;
    }
    const std::uint32_t code_point = next_code_point(text, consumed);
    piece = text.substr(0, consumed);
    if (code_point == replacement_character) append_utf8(piece = {}, code_point);
    return consumed;
  }

  const Vocabulary& vocabulary_;
  CharacterMap character_map_;
  PrefixIndex index_, user_defined_;
  float unknown_score_ = 0;
};

}  // namespace

std::unique_ptr<TokenizerAlgorithm> make_unigram(const Vocabulary& vocabulary) {
  return std::make_unique<Unigram>(vocabulary);
}

}  // namespace realizar::text
