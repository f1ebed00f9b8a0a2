#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace realizar::text {

class Tokenizer;

/// Turns generated tokens into text as they come, and gives out whole UTF-8 characters only. Bytes that can
/// be part of none become U+FFFD.
class StreamDecoder {
 public:
  /// `special`: whether control tokens show.
  explicit StreamDecoder(const Tokenizer& tokenizer, bool special = false)
      : tokenizer_(&tokenizer), special_(special) {}

  /// The characters that are complete now.
  std::string push(std::int32_t id);
  /// The same for bytes.
  std::string push_bytes(std::string_view bytes);
  /// What is left at the end: nothing, or U+FFFD for a character that was never completed.
  std::string finish();

 private:
  const Tokenizer* tokenizer_;
  bool special_;
  std::string pending_;  // the begin of a character, at most three bytes
};

}  // namespace realizar::text
