#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace realizar {

/// What `Tokenizer::encode` does besides splitting the text.
struct EncodeOptions {
  bool parse_special = false;  ///< texts such as "<|im_end|>" become the one token they name
  bool add_special = false;    ///< tokens that the vocabulary asks for (BOS, EOS) are put around the ids
};

/// Text to token ids and back, by the vocabulary of a GGUF file. Copies share the vocabulary; any number of
/// threads may use one at a time.
class Tokenizer {
 public:
  /// Reads the vocabulary of a file, which need not hold a model. Throws `Error`: io, invalid_file, or
  /// unsupported when the file has no vocabulary or one of an unknown kind.
  static Tokenizer load(const std::filesystem::path& path);

  /// The ids of a text of any bytes.
  std::vector<int32_t> encode(std::string_view text, EncodeOptions options = {}) const;

  /// The bytes of the ids; the text of control tokens is left out unless asked for. Throws invalid_argument
  /// for an id outside the vocabulary.
  std::string decode(std::span<const int32_t> ids, bool with_special = false) const;

  /// How many ids there are: [0, size()).
  int32_t size() const;
  /// The first token of every sequence, -1 where there is none.
  int32_t bos() const;
  int32_t eos() const;
  /// Whether the vocabulary asks for BOS at the start of a sequence.
  bool wants_bos() const;
  /// Whether a model says by this token that its answer is complete.
  bool ends_generation(int32_t id) const;

  struct Impl;
  explicit Tokenizer(std::shared_ptr<const Impl> impl);
  const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

}  // namespace realizar
