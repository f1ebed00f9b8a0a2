#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.hpp"
#include "text/tokenizer_algorithm.hpp"
#include "text/unicode.hpp"

namespace realizar::test {

using text::no_token;
using text::Tokenizer;
using text::TokenType;
using text::Vocabulary;
using Ids = std::vector<std::int32_t>;

inline std::int32_t add(Vocabulary& v, std::string_view token, TokenType type = TokenType::normal,
                        float score = 0) {
  v.tokens.push_back(token);
  v.types.push_back(type);
  v.scores.push_back(score);
  return static_cast<std::int32_t>(v.tokens.size()) - 1;
}

/// All bytes (id = byte), then what the merges make, then "<|endoftext|>" and the user-defined "<tag>".
inline Vocabulary byte_level(std::string_view pre = "gpt-2", const std::vector<std::string>& merges = {
                                                                 "h e", "l l", "ll o", "he llo", "Ġ w", "Ġ Ġ",
                                                                 "1 2", "12 3", "a a", "aa aa"}) {
  Vocabulary v = text::default_vocabulary("gpt2", pre);
  for (int byte = 0; byte < 256; ++byte) {
    std::string token;
    text::append_utf8(token, text::byte_to_character(static_cast<unsigned char>(byte)));
    add(v, token);
  }
  for (const std::string& merge : merges) {
    v.merges.push_back(merge);
    std::string joint = merge;
    add(v, joint.erase(joint.find(' ', 1), 1));
  }
  v.bos = v.eos = add(v, "<|endoftext|>", TokenType::control);
  add(v, "<tag>", TokenType::user_defined);
  return v;
}

/// <unk> <s> </s>, the 256 byte tokens from 3 on, then pieces with scores.
inline Vocabulary sentence_piece() {
  Vocabulary v = text::default_vocabulary("llama", "");
  add(v, "<unk>", TokenType::unknown);
  add(v, "<s>", TokenType::control);
  add(v, "</s>", TokenType::control);
  for (int byte = 0; byte < 256; ++byte)
    add(v, text::byte_token_text(static_cast<unsigned char>(byte)), TokenType::byte);
  float score = 0;
  for (const std::string_view piece : {"▁a", "ab", "bc", "▁abc", "abc", "▁▁", "▁", "a", "b", "c", "é"})
    add(v, piece, TokenType::normal, --score);
  add(v, "<tag>", TokenType::user_defined);
  return v;
}

inline Vocabulary word_piece() {
  Vocabulary v = text::default_vocabulary("bert", "");
  v.padding = add(v, "[PAD]", TokenType::control);
  v.unknown = add(v, "[UNK]", TokenType::unknown);
  v.bos = add(v, "[CLS]", TokenType::control);
  v.separator = add(v, "[SEP]", TokenType::control);
  v.mask = add(v, "[MASK]", TokenType::control);
  for (const std::string_view piece : {"▁un", "aff", "able", "▁play", "ing", "▁,", "▁cafe", "▁中", "▁a"})
    add(v, piece);
  return v;
}

inline Vocabulary unigram() {
  Vocabulary v = text::default_vocabulary("t5", "");
  add(v, "<pad>", TokenType::control);
  add(v, "</s>", TokenType::control);
  add(v, "<unk>", TokenType::unknown);
  add(v, "▁", TokenType::normal, -3);
  add(v, "a", TokenType::normal, -4);
  add(v, "b", TokenType::normal, -4);
  add(v, "ab", TokenType::normal, -5);
  add(v, "▁ab", TokenType::normal, -9);
  add(v, "abab", TokenType::normal, -11);
  add(v, "<tag>", TokenType::user_defined, -1);
  v.add_space_prefix = true;
  v.remove_extra_whitespaces = true;
  return v;
}

/// The tokens' texts as the vocabulary spells them, with bars between.
inline std::string spelled(const Tokenizer& tokenizer, const Ids& ids) {
  std::string all;
  for (const std::int32_t id : ids) {
    if (!all.empty()) all += '|';
    all += tokenizer.token_text(id);
  }
  return all;
}

}  // namespace realizar::test
