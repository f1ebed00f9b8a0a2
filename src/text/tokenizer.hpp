#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary.hpp"

namespace realizar::text {

struct EncodeOptions {
  bool parse_special = false;  ///< texts of control tokens in the text become those tokens
  bool add_special = false;    ///< begin and end tokens, where the vocabulary asks for them
};

/// Text to token ids and back. Immutable: any number of threads may use one.
class Tokenizer {
 public:
  /// Throws `Error` when the vocabulary's pre-tokenizer is unknown or its character map is broken.
  explicit Tokenizer(Vocabulary vocabulary);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  /// Any bytes will do; those that are no UTF-8 are read as established tokenizers read them.
  std::vector<std::int32_t> encode(std::string_view text, EncodeOptions options = {}) const;

  /// The texts of the tokens one after the other, without the space that `encode` put in front. Control
  /// tokens show only with `special`. Throws `Error` for an id outside the vocabulary.
  std::string decode(std::span<const std::int32_t> ids, bool special = false) const;

  /// The bytes a token adds to a text: perhaps part of a character, and nothing for a control token unless
  /// `special`.
  std::string token_to_piece(std::int32_t id, bool special = true) const;

  /// Whether a generation ends with this token.
  bool is_end_of_generation(std::int32_t id) const;
  /// All such tokens, ascending.
  const std::vector<std::int32_t>& end_of_generation_ids() const;
  bool is_control(std::int32_t id) const;

  std::int32_t bos() const { return vocabulary().bos; }
  std::int32_t eos() const { return vocabulary().eos; }
  bool add_bos() const { return vocabulary().add_bos; }
  std::size_t n_tokens() const { return vocabulary().tokens.size(); }
  /// The token that is spelled `text` in the vocabulary, or no_token.
  std::int32_t find_token(std::string_view text) const;
  /// The text of `bos()` and the like for templates; empty for no_token.
  std::string token_text(std::int32_t id) const;

  const Vocabulary& vocabulary() const;

 private:
  struct State;
  std::unique_ptr<const State> state_;
};

}  // namespace realizar::text
