#include "model/vocabulary.hpp"

#include <limits>
#include <string>

#include "base/error.hpp"
#include "formats/gguf_values.hpp"

namespace realizar::model {

namespace {

using formats::Gguf;
using formats::GgufType;
using formats::Metadata;
using text::StringTable;
using text::Vocabulary;
using text::VocabularyKind;

// Far beyond the longest of published tokens. It bounds the time that a word takes to look up.
constexpr std::size_t max_token_bytes = 1 << 16;

/// The array under `key` when the file has it, checked to hold values of the type.
const Metadata* find_array(const Gguf& gguf, std::string_view key, GgufType type) {
  const Metadata* entry = gguf.find(key);
  if (entry == nullptr) return nullptr;
  require(entry->is_array && entry->type == type, ErrorKind::invalid_file, gguf.where(*entry), " is ",
          entry->is_array ? "an array of " : "a ", to_string(entry->type), ", not an array of ",
          to_string(type));
  require(entry->count <= static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max()) &&
              entry->payload.size() < std::numeric_limits<std::uint32_t>::max(),
          ErrorKind::invalid_file, gguf.where(*entry), " holds ", entry->count,
          " values, more than ids can name");
  return entry;
}

/// Calls `visit` with each value of an array that find_array found to hold values of type T.
template <class T, class Visit>
void for_each(const Metadata& entry, Visit visit) {
  formats::for_each_value(entry, entry.count, [&](auto value) {
    if constexpr (std::is_same_v<decltype(value), T>) visit(value);
  });
}

void require_count(const Gguf& gguf, const Metadata& entry, std::size_t tokens) {
  require(entry.count == tokens, ErrorKind::invalid_file, gguf.where(entry), " holds ", entry.count,
          " values for the ", tokens, " tokens of tokenizer.ggml.tokens");
}

void read_tokens(const Gguf& gguf, Vocabulary& vocabulary) {
  const Metadata* tokens = find_array(gguf, "tokenizer.ggml.tokens", GgufType::string);
  require(tokens != nullptr, ErrorKind::invalid_file, gguf.where("tokenizer.ggml.tokens"),
          " is missing, though tokenizer.ggml.model names a tokenizer");
  require(tokens->count > 0, ErrorKind::invalid_file, gguf.where(*tokens), " is empty");
  vocabulary.tokens.reserve(tokens->count, tokens->payload.size() - 8 * tokens->count);
  for_each<std::string_view>(*tokens, [&](std::string_view token) {
    if (token.size() > max_token_bytes)  // the message takes longer to make than a token to read
      fail(ErrorKind::invalid_file, gguf.where(*tokens), ": token ", vocabulary.tokens.size(), " has ",
           token.size(), " bytes, more than ", max_token_bytes);
    // Nothing can be spelled with an empty token.
    if (token.empty())
      vocabulary.tokens.push_back(concat("[EMPTY_", vocabulary.tokens.size(), "]"));
    else
      vocabulary.tokens.push_back(token);
  });
  if (const Metadata* scores = find_array(gguf, "tokenizer.ggml.scores", GgufType::f32)) {
    require_count(gguf, *scores, vocabulary.tokens.size());
    vocabulary.scores.reserve(scores->count);
    for_each<float>(*scores, [&](float score) {
      // A score that is no number has no place in an order.
      vocabulary.scores.push_back(score == score ? score : std::numeric_limits<float>::lowest());
    });
  }
  if (const Metadata* types = find_array(gguf, "tokenizer.ggml.token_type", GgufType::i32)) {
    require_count(gguf, *types, vocabulary.tokens.size());
    vocabulary.types.reserve(types->count);
    for_each<std::int32_t>(*types, [&](std::int32_t type) {
      const bool known = type >= 1 && type <= static_cast<std::int32_t>(text::TokenType::byte);
      vocabulary.types.push_back(known ? static_cast<text::TokenType>(type) : text::TokenType::undefined);
    });
  }
}

void read_merges(const Gguf& gguf, Vocabulary& vocabulary) {
  const Metadata* merges = find_array(gguf, "tokenizer.ggml.merges", GgufType::string);
  if (merges == nullptr) {
    // Kimi K2 is published without.
    require(vocabulary.pre_tokenizer == "kimi-k2", ErrorKind::invalid_file,
            gguf.where("tokenizer.ggml.merges"), " is missing, though the tokenizer merges pairs");
    return;
  }
  vocabulary.merges.reserve(merges->count, merges->payload.size() - 8 * merges->count);
  for_each<std::string_view>(*merges, [&](std::string_view merge) {
    if (merge.size() > max_token_bytes || merge.find(' ', 1) == std::string_view::npos)
      fail(ErrorKind::invalid_file, gguf.where(*merges), ": merge ", vocabulary.merges.size(),
           " is not two texts with a space between");
    vocabulary.merges.push_back(merge);
  });
}

void read_special(const Gguf& gguf, Vocabulary& vocabulary) {
  struct Key {
    const char* name;
    std::int32_t Vocabulary::*id;
  };
  constexpr Key keys[] = {{"bos_token_id", &Vocabulary::bos},
                          {"eos_token_id", &Vocabulary::eos},
                          {"eot_token_id", &Vocabulary::eot},
                          {"eom_token_id", &Vocabulary::eom},
                          {"unknown_token_id", &Vocabulary::unknown},
                          {"seperator_token_id", &Vocabulary::separator},  // published with this spelling
                          {"padding_token_id", &Vocabulary::padding},
                          {"mask_token_id", &Vocabulary::mask},
                          {"fim_pad_token_id", &Vocabulary::fim_padding},
                          {"fim_rep_token_id", &Vocabulary::fim_repository},
                          {"fim_sep_token_id", &Vocabulary::fim_separator}};
  const auto tokens = static_cast<std::int64_t>(vocabulary.tokens.size());
  for (const Key& key : keys) {
    std::int32_t& id = vocabulary.*key.id;
    if (id >= tokens) id = text::no_token;
    const std::string name = concat("tokenizer.ggml.", key.name);
    const Metadata* entry = gguf.find(name);
    if (entry == nullptr) continue;
    const auto value = gguf.get<std::int64_t>(name);
    // -1, in 32 bits with or without a sign, means that there is none.
    if (value == -1 || value == std::numeric_limits<std::uint32_t>::max()) {
      id = text::no_token;
      continue;
    }
    require(value >= 0 && value < tokens, ErrorKind::invalid_file, gguf.where(*entry), " is ", value,
            ", outside the vocabulary of ", tokens, " tokens");
    id = static_cast<std::int32_t>(value);
  }
}

void read_flags(const Gguf& gguf, Vocabulary& vocabulary) {
  const auto read = [&](const char* key, bool& flag) { flag = gguf.get_bool_or(key, flag); };
  read("tokenizer.ggml.add_space_prefix", vocabulary.add_space_prefix);
  read("tokenizer.ggml.remove_extra_whitespaces", vocabulary.remove_extra_whitespaces);
  read("tokenizer.ggml.add_bos_token", vocabulary.add_bos);
  read("tokenizer.ggml.add_eos_token", vocabulary.add_eos);
  read("tokenizer.ggml.normalizer.lowercase", vocabulary.lowercase);
  vocabulary.strip_accents = vocabulary.lowercase;
  read("tokenizer.ggml.normalizer.strip_accents", vocabulary.strip_accents);
  // Published Gemma 4 files deny the token that the model needs.
  if (vocabulary.pre_tokenizer == "gemma4") vocabulary.add_bos = true;
  require(!vocabulary.add_bos || vocabulary.bos != text::no_token, ErrorKind::invalid_file,
          gguf.where("tokenizer.ggml.bos_token_id"), " is missing, though every text begins with that token");
  require(!vocabulary.add_eos || vocabulary.eos != text::no_token, ErrorKind::invalid_file,
          gguf.where("tokenizer.ggml.eos_token_id"), " is missing, though every text ends with that token");
}

}  // namespace

Vocabulary vocabulary_from_gguf(const Gguf& gguf) {
  const char *model_key = "tokenizer.ggml.model", *pre_key = "tokenizer.ggml.pre";
  const std::string_view kind = gguf.get_string_or(model_key, "none");
  const std::string_view pre = gguf.get_string_or(pre_key, "");
  Vocabulary vocabulary;
  try {
    vocabulary = text::default_vocabulary(kind, pre);
  } catch (const Error& error) {
    // Of pair encoding only the pre-tokenizer can be unknown.
    fail(error.kind(), gguf.where(kind == "gpt2" ? pre_key : model_key), ": ", error.what());
  }
  vocabulary.model_name = gguf.get_string_or("general.name", "");
  vocabulary.architecture = gguf.get_string_or("general.architecture", "");
  if (vocabulary.kind == VocabularyKind::none) return vocabulary;
  read_tokens(gguf, vocabulary);
  if (vocabulary.kind == VocabularyKind::gpt2) read_merges(gguf, vocabulary);
  if (const Metadata* map = find_array(gguf, "tokenizer.ggml.precompiled_charsmap", GgufType::u8)) {
    vocabulary.precompiled_charsmap.assign(reinterpret_cast<const char*>(map->payload.data()),
                                           map->payload.size());
  }
  read_special(gguf, vocabulary);
  read_flags(gguf, vocabulary);
  return vocabulary;
}

}  // namespace realizar::model
