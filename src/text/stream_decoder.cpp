#include "text/stream_decoder.hpp"

#include "text/tokenizer.hpp"
#include "text/unicode.hpp"

namespace realizar::text {

std::string StreamDecoder::push(std::int32_t id) {
  return push_bytes(tokenizer_->token_to_piece(id, special_));
}

std::string StreamDecoder::push_bytes(std::string_view bytes) {
  pending_ += bytes;
  std::string complete;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const Utf8Prefix prefix = strict_utf8_prefix(rest);
    if (prefix.state == Utf8Prefix::State::incomplete) break;
    if (prefix.state == Utf8Prefix::State::valid)
      complete += rest.substr(0, prefix.length);
    else
      append_utf8(complete, replacement_character);
    rest.remove_prefix(prefix.length);
  }
  pending_ = std::string(rest);
  return complete;
}

std::string StreamDecoder::finish() {
  std::string last;
  if (!pending_.empty()) append_utf8(last, replacement_character);
  pending_.clear();
  return last;
}

}  // namespace realizar::text
