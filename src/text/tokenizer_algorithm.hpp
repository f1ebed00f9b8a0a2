#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "text/pre_tokenizer_table.hpp"
#include "text/token_index.hpp"
#include "text/vocabulary.hpp"

namespace realizar::text {

/// How one kind of vocabulary turns text without special tokens into ids.
class TokenizerAlgorithm {
 public:
  virtual ~TokenizerAlgorithm() = default;
  virtual void encode(std::string_view text, std::vector<std::int32_t>& ids) const = 0;
};

// The vocabulary and the index must outlive what these make.
std::unique_ptr<TokenizerAlgorithm> make_sentence_piece(const Vocabulary& vocabulary,
                                                        const TokenIndex& index);
std::unique_ptr<TokenizerAlgorithm> make_byte_pair(const Vocabulary& vocabulary, const TokenIndex& index,
                                                   const PreTokenizerTraits& traits);
std::unique_ptr<TokenizerAlgorithm> make_word_piece(const Vocabulary& vocabulary);
std::unique_ptr<TokenizerAlgorithm> make_unigram(const Vocabulary& vocabulary);

/// U+2581, which SentencePiece writes for a space.
inline constexpr std::string_view escaped_space = "\xE2\x96\x81";

/// The text of the token that stands for one byte, "<0x0A>".
std::string byte_token_text(unsigned char byte);

/// The character that byte-level tokens spell a byte with: itself where it prints, else one from U+0100 on.
std::uint32_t byte_to_character(unsigned char byte);
/// The byte that such a character spells, or -1.
int character_to_byte(std::uint32_t character);

}  // namespace realizar::text
