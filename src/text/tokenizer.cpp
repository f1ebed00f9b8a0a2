#include "text/tokenizer.hpp"

#include "base/error.hpp"
#include "text/special_tokens.hpp"
#include "text/token_index.hpp"
#include "text/tokenizer_algorithm.hpp"
#include "text/unicode.hpp"

namespace realizar::text {

namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  std::string replaced;
  std::size_t at = 0;
  for (std::size_t found; (found = text.find(from, at)) != std::string::npos; at = found + from.size())
    replaced.append(text, at, found - at).append(to);
  if (at == 0) return;
  text = replaced.append(text, at);
}

/// Byte-level text back to bytes. A character that spells no byte stands for itself.
std::string bytes_of(std::string_view spelled) {
  std::string bytes;
  for (std::size_t i = 0; i < spelled.size();) {
    const std::uint32_t character = next_code_point(spelled, i);
    const int byte = character_to_byte(character);
    if (byte >= 0)
      bytes += static_cast<char>(byte);
    else
      append_utf8(bytes, character);
  }
  return bytes;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// The byte of "<0x0A>", or -1.
int byte_of(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return -1;
  const int high = hex_digit(text[3]), low = hex_digit(text[4]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

}  // namespace

struct Tokenizer::State {
  Vocabulary vocabulary;
  TokenIndex index;
  SpecialTokens special;
  bool escape_spaces = false;  // tokens spell a space as U+2581
  bool byte_level = false;     // and bytes as characters
  std::unique_ptr<TokenizerAlgorithm> algorithm;

  explicit State(Vocabulary given)
      : vocabulary(std::move(given)), index(vocabulary.tokens), special(vocabulary, index) {
    switch (vocabulary.kind) {
      case VocabularyKind::none:
        break;
      case VocabularyKind::llama:
        escape_spaces = true;
        algorithm = make_sentence_piece(vocabulary, index);
        break;
      case VocabularyKind::gpt2: {
        const PreTokenizerTraits& traits = pre_tokenizer_traits(vocabulary.pre_tokenizer);
        escape_spaces = traits.escape_spaces;
        byte_level = !traits.escape_spaces;
        algorithm = make_byte_pair(vocabulary, index, traits);
        break;
      }
      case VocabularyKind::bert:
        escape_spaces = true;
        algorithm = make_word_piece(vocabulary);
        break;
      case VocabularyKind::t5:
        escape_spaces = true;
        algorithm = make_unigram(vocabulary);
        break;
    }
    // Merges are data for the algorithm only, and it has taken them in.
    vocabulary.merges = {};
  }

  bool has(std::int32_t id) const {
    return id >= 0 && static_cast<std::size_t>(id) < vocabulary.tokens.size();
  }
  void check(std::int32_t id) const {
    require(has(id), ErrorKind::invalid_argument, "token id ", id, " is outside the vocabulary of ",
            vocabulary.tokens.size(), " tokens");
  }
};

Tokenizer::Tokenizer(Vocabulary vocabulary) : state_(std::make_unique<const State>(std::move(vocabulary))) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  const State& s = *state_;
  const Vocabulary& v = s.vocabulary;
  require(s.algorithm != nullptr, ErrorKind::unsupported,
          "this model has no vocabulary, so it reads token ids and no text");
  // Positions within a text are 32 bits wide, and a byte may be spelled with three.
  require(text.size() < (std::size_t{1} << 29), ErrorKind::limit_exceeded, "a text of ", text.size(),
          " bytes is too long to tokenize; at most 512 MiB at once");
  std::vector<std::int32_t> ids;
  const auto add = [&](std::int32_t id) {
    if (options.add_special && id != no_token) ids.push_back(id);
  };
  if (v.add_bos || v.kind == VocabularyKind::bert) add(v.bos);
  bool after_special = true;
  std::string escaped;
  for (const SpecialTokens::Fragment& fragment : s.special.partition(text, options.parse_special)) {
    if (fragment.text.empty()) {
      ids.push_back(fragment.id);
      after_special = true;
      continue;
    }
    if (v.kind == VocabularyKind::llama || (v.kind == VocabularyKind::gpt2 && s.escape_spaces)) {
      escaped.clear();
      if (v.kind == VocabularyKind::llama && v.add_space_prefix && after_special) escaped += ' ';
      escaped += fragment.text;
      replace_all(escaped, " ", escaped_space);
      s.algorithm->encode(escaped, ids);
    } else {
      s.algorithm->encode(fragment.text, ids);
    }
    after_special = false;
  }
  if (v.kind == VocabularyKind::bert)
    add(v.separator);
  else if (v.add_eos)
    add(v.eos);
  return ids;
}

std::string Tokenizer::token_to_piece(std::int32_t id, bool special) const {
  const State& s = *state_;
  s.check(id);
  const TokenAttributes& attributes = s.special.attributes(id);
  std::string text(s.vocabulary.tokens[static_cast<std::size_t>(id)]);
  if (attributes.special()) return special ? text : std::string();
  if (attributes.user_defined) return text;
  if (attributes.byte) {
    const int byte = byte_of(text);
    return byte < 0 ? text : std::string(1, static_cast<char>(byte));
  }
  if (!attributes.normal) return {};
  if (s.byte_level) return bytes_of(text);
  if (s.escape_spaces) replace_all(text, escaped_space, " ");
  return text;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool special) const {
  std::string text;
  bool first = state_->vocabulary.add_space_prefix || state_->vocabulary.kind == VocabularyKind::bert;
  for (const std::int32_t id : ids) {
    const std::string piece = token_to_piece(id, special);
    const bool strip = first && !is_control(id) && piece.starts_with(' ');
    if (!is_control(id)) first = false;
    text.append(piece, strip ? 1 : 0);
  }
  return text;
}

bool Tokenizer::is_end_of_generation(std::int32_t id) const { return state_->special.ends_generation(id); }

const std::vector<std::int32_t>& Tokenizer::end_of_generation_ids() const {
  return state_->special.end_of_generation();
}

bool Tokenizer::is_control(std::int32_t id) const {
  state_->check(id);
  return state_->special.attributes(id).special();
}

std::int32_t Tokenizer::find_token(std::string_view text) const { return state_->index.find(text); }

std::string Tokenizer::token_text(std::int32_t id) const {
  return state_->has(id) ? std::string(state_->vocabulary.tokens[static_cast<std::size_t>(id)])
                         : std::string();
}

const Vocabulary& Tokenizer::vocabulary() const { return state_->vocabulary; }

}  // namespace realizar::text
