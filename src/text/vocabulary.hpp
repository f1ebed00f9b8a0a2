#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/string_table.hpp"

namespace realizar::text {

/// The algorithm, by the name it has in `tokenizer.ggml.model`.
enum class VocabularyKind : std::uint8_t {
  none,   ///< token ids only, no texts
  llama,  ///< SentencePiece: pairs merged by score, bytes as fallback
  gpt2,   ///< byte-level pair encoding after a pattern has split the text
  bert,   ///< WordPiece
  t5,     ///< SentencePiece unigram
};

/// The numbers are those of `tokenizer.ggml.token_type`.
enum class TokenType : std::uint8_t { undefined, normal, unknown, control, user_defined, unused, byte };

inline constexpr std::int32_t no_token = -1;

/// A vocabulary as a model file holds it: plain data, checked by whoever fills it in.
struct Vocabulary {
  VocabularyKind kind = VocabularyKind::none;
  std::string pre_tokenizer;  ///< gpt2 only: a name of `pre_tokenizer_names()`

  StringTable tokens;
  std::vector<float> scores;     ///< empty: all 0
  std::vector<TokenType> types;  ///< empty: all normal
  StringTable merges;            ///< gpt2 only: "left right", the most wanted first

  std::int32_t bos = no_token;  ///< begin of sequence; [CLS] of bert
  std::int32_t eos = no_token;
  std::int32_t eot = no_token;  ///< end of turn
  std::int32_t eom = no_token;  ///< end of message
  std::int32_t unknown = no_token;
  std::int32_t separator = no_token;
  std::int32_t padding = no_token;
  std::int32_t mask = no_token;
  std::int32_t fim_padding = no_token;     ///< fill in the middle: padding,
  std::int32_t fim_repository = no_token;  ///< name of a repository,
  std::int32_t fim_separator = no_token;   ///< and of a file

  bool add_bos = false;
  bool add_eos = false;
  bool add_space_prefix = false;          ///< llama, t5: text begins with a space
  bool remove_extra_whitespaces = false;  ///< t5: runs of spaces are one space
  bool whitespace_as_suffix = false;      ///< t5: the space stands behind a word
  bool lowercase = true;                  ///< bert
  bool strip_accents = true;              ///< bert

  std::string precompiled_charsmap;  ///< t5: the normaliser of SentencePiece, as its model files hold it

  /// Names that choose how white space beside a special token is stripped; files say it nowhere else.
  std::string model_name;
  std::string architecture;
};

/// A vocabulary with the special tokens and flags that its kind and pre-tokenizer have where the file says
/// nothing. `kind` is the name in `tokenizer.ggml.model`; `pre_tokenizer` may be empty.
Vocabulary default_vocabulary(std::string_view kind, std::string_view pre_tokenizer);

}  // namespace realizar::text
