// Byte-level pair encoding (GPT-2): within each piece of the pre-tokenizer, the pair that stands first in the
// list of merges merges first.
#include <array>
#include <bit>
#include <functional>
#include <string>

#include "text/pre_tokenizer.hpp"
#include "text/symbol_chain.hpp"
#include "text/tokenizer_algorithm.hpp"
#include "text/unicode.hpp"

namespace realizar::text {

namespace {

/// From a pair of symbols to its place in the list of merges and what it makes.
class MergeTable {
 public:
  struct Merge {
    std::uint64_t key;
    std::int32_t rank, merged;
  };

  explicit MergeTable(std::size_t merges)
      : slots_(std::bit_ceil(std::max<std::size_t>(16, 2 * merges)), Merge{0, no_token, no_token}) {}

  void insert(std::int32_t left, std::int32_t right, std::int32_t rank, std::int32_t merged) {
    Merge& slot = slots_[find_slot(key(left, right))];
    if (slot.rank == no_token) slot = {key(left, right), rank, merged};  // of equal merges the first counts
  }

  const Merge* find(std::int32_t left, std::int32_t right) const {
    const Merge& slot = slots_[find_slot(key(left, right))];
    return slot.rank == no_token ? nullptr : &slot;
  }

 private:
  static std::uint64_t key(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
  }

  std::size_t find_slot(std::uint64_t wanted) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = (wanted * 0x9E3779B97F4A7C15u >> 32) & mask;  // Fibonacci hashing
    while (slots_[slot].rank != no_token && slots_[slot].key != wanted) slot = (slot + 1) & mask;
    return slot;
  }

  std::vector<Merge> slots_;
};

/// `id` numbers the symbol's text: a token, or beyond the tokens a text that only the merges know, or
/// no_token.
class BytePair final : public TokenizerAlgorithm {
  struct Symbol {
    std::uint32_t begin, length;
    std::int32_t previous, next;
    std::int32_t id;
  };

 public:
  BytePair(const Vocabulary& vocabulary, const TokenIndex& index, const PreTokenizerTraits& traits)
      : traits_(traits),
        pre_tokenizer_(traits),
        index_(index),
        extra_index_(extra_),
        tokens_(static_cast<std::int32_t>(vocabulary.tokens.size())),
        merges_(vocabulary.merges.size()) {
    for (std::size_t i = 0; i < vocabulary.merges.size(); ++i) {
      // The left part is at least one character, which may be a space.
      const std::string_view merge = vocabulary.merges[i];
      const std::size_t space = merge.find(' ', 1);
      if (space == std::string_view::npos) continue;
      const std::string_view left = merge.substr(0, space), right = merge.substr(space + 1);
      std::string joint(left);
      joint += right;
      const std::int32_t left_id = intern(left), right_id = intern(right);
      merges_.insert(left_id, right_id, static_cast<std::int32_t>(i), intern(joint));
    }
    for (unsigned byte = 0; byte < 256; ++byte) {
      append_utf8(byte_texts_[byte], byte_to_character(static_cast<unsigned char>(byte)));
      byte_ids_[byte] = find_symbol(byte_texts_[byte]);
    }
  }

  void encode(std::string_view text, std::vector<std::int32_t>& ids) const override {
    std::vector<std::uint32_t> code_points;
    code_points.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) code_points.push_back(next_code_point(text, i));
    Chain chain;
    std::string piece;
    std::size_t begin = 0;
    for (const std::uint32_t length : pre_tokenizer_.split(code_points)) {
      piece.clear();
      for (std::size_t i = begin; i < begin + length; ++i) append_utf8(piece, code_points[i]);
      begin += length;
      encode_piece(piece, chain, ids);
    }
  }

 private:
  using Chain = SymbolChain<Symbol, std::int32_t, std::greater<std::int32_t>>;

  std::int32_t find_symbol(std::string_view text) const {
    const std::int32_t token = index_.find(text);
    if (token != no_token) return token;
    const std::int32_t extra = extra_index_.find(text);
    return extra == no_token ? no_token : tokens_ + extra;
  }

  std::int32_t intern(std::string_view text) {
    const std::int32_t known = find_symbol(text);
    if (known != no_token) return known;
    extra_.push_back(text);
    extra_index_.add_last();
    return tokens_ + static_cast<std::int32_t>(extra_.size() - 1);
  }

  /// `piece` is UTF-8; becomes the text that tokens are spelled in.
  void encode_piece(std::string& piece, Chain& chain, std::vector<std::int32_t>& ids) const {
    chain.clear();
    std::string spelled;
    if (traits_.raw_utf8) {
      spelled = std::move(piece);
    } else {
      for (const char byte : piece) spelled += byte_texts_[static_cast<unsigned char>(byte)];
    }
    // Lines are never merged together, so a run of line breaks that is a token can only be found whole.
    const bool breaks = traits_.escape_spaces && spelled.find_first_not_of('\n') == std::string::npos;
    if (traits_.ignore_merges || breaks) {
      const std::int32_t whole = index_.find(spelled);
      if (whole != no_token) {
        ids.push_back(whole);
        piece = std::move(spelled);
        return;
      }
    }
    if (traits_.raw_utf8) {
      for (std::size_t i = 0; i < spelled.size();) {
        const std::size_t length = std::min(utf8_length(spelled[i]), spelled.size() - i);
        append_symbol(chain, i, length, find_symbol(std::string_view(spelled).substr(i, length)));
        i += length;
      }
    } else {
      std::size_t at = 0;
      for (const char byte : piece) {
        const auto b = static_cast<unsigned char>(byte);
        append_symbol(chain, at, byte_texts_[b].size(), byte_ids_[b]);
        at += byte_texts_[b].size();
      }
    }
    chain.merge_all(
        [&](const Symbol& left, const Symbol& right, std::int32_t& rank, std::int32_t& merged) {
          if (left.id == no_token || right.id == no_token) return false;
          const MergeTable::Merge* merge = merges_.find(left.id, right.id);
          if (merge == nullptr) return false;
          rank = merge->rank;
          merged = merge->merged;
          return true;
        },
        [](Symbol& left, const Symbol&, std::int32_t merged) { left.id = merged; });
    for (const Symbol& symbol : chain.symbols)
      if (symbol.length != 0) output(symbol, spelled, ids);
    if (traits_.raw_utf8) piece = std::move(spelled);
  }

  static void append_symbol(Chain& chain, std::size_t begin, std::size_t length, std::int32_t id) {
    chain.append({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(length), 0, 0, id});
  }

  /// A symbol that is no token becomes the tokens of its bytes, as far as there are any.
  void output(const Symbol& symbol, std::string_view spelled, std::vector<std::int32_t>& ids) const {
    if (symbol.id != no_token && symbol.id < tokens_) {
      ids.push_back(symbol.id);
      return;
    }
    for (const char& byte : spelled.substr(symbol.begin, symbol.length)) {
      const std::int32_t id = traits_.raw_utf8
                                  ? index_.find(byte_token_text(static_cast<unsigned char>(byte)))
                                  : index_.find(std::string_view(&byte, 1));
      if (id != no_token) ids.push_back(id);
    }
  }

  const PreTokenizerTraits& traits_;
  PreTokenizer pre_tokenizer_;
  const TokenIndex& index_;
  StringTable extra_;
  TokenIndex extra_index_;
  std::int32_t tokens_;
  MergeTable merges_;
  std::array<std::string, 256> byte_texts_;
  std::array<std::int32_t, 256> byte_ids_;
};

}  // namespace

std::unique_ptr<TokenizerAlgorithm> make_byte_pair(const Vocabulary& vocabulary, const TokenIndex& index,
                                                   const PreTokenizerTraits& traits) {
  return std::make_unique<BytePair>(vocabulary, index, traits);
}

}  // namespace realizar::text
