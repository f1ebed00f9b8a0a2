// SentencePiece "BPE" models: of all neighbours whose joint text is a token, the one with the best score
// merges first.
#include <array>
#include <functional>

#include "text/symbol_chain.hpp"
#include "text/tokenizer_algorithm.hpp"
#include "text/unicode.hpp"

namespace realizar::text {

namespace {

class SentencePiece final : public TokenizerAlgorithm {
  struct Symbol {
    std::uint32_t begin, length;
    std::int32_t previous, next;
  };

 public:
  SentencePiece(const Vocabulary& vocabulary, const TokenIndex& index)
      : vocabulary_(vocabulary), index_(index) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      const char c = static_cast<char>(byte);
      std::int32_t id = index.find(byte_token_text(static_cast<unsigned char>(byte)));
      if (id == no_token) id = index.find(std::string_view(&c, 1));
      byte_ids_[byte] = id == no_token ? vocabulary.unknown : id;
    }
  }

  void encode(std::string_view text, std::vector<std::int32_t>& ids) const override {
    SymbolChain<Symbol, float, std::less<float>> chain;
    for (std::size_t i = 0; i < text.size();) {
      const std::size_t length = std::min(utf8_length(text[i]), text.size() - i);
      chain.append({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(length), 0, 0});
      i += length;
    }
    chain.merge_all(
        [&](const Symbol& left, const Symbol& right, float& score, std::int32_t&) {
          const std::size_t length = left.length + right.length;
          if (length > index_.longest()) return false;
          const std::int32_t id = index_.find(text.substr(left.begin, length));
          if (id == no_token) return false;
          score = vocabulary_.scores.empty() ? 0.0f : vocabulary_.scores[static_cast<std::size_t>(id)];
          return true;
        },
        [](Symbol&, const Symbol&, std::int32_t) {});
    for (const Symbol& symbol : chain.symbols) {
      if (symbol.length == 0) continue;
      const std::string_view piece = text.substr(symbol.begin, symbol.length);
      const std::int32_t id = index_.find(piece);
      if (id != no_token) {
        ids.push_back(id);
      } else {
        for (const char byte : piece) {
          const std::int32_t byte_id = byte_ids_[static_cast<unsigned char>(byte)];
          if (byte_id != no_token) ids.push_back(byte_id);
        }
      }
    }
  }

 private:
  const Vocabulary& vocabulary_;
  const TokenIndex& index_;
  std::array<std::int32_t, 256> byte_ids_;
};

}  // namespace

std::unique_ptr<TokenizerAlgorithm> make_sentence_piece(const Vocabulary& vocabulary,
                                                        const TokenIndex& index) {
  return std::make_unique<SentencePiece>(vocabulary, index);
}

}  // namespace realizar::text
