#include <array>
#include <string>

#include "text/tokenizer_algorithm.hpp"

namespace realizar::text {

namespace {

constexpr bool prints(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
}

constexpr std::array<std::uint16_t, 256> make_characters() {
  std::array<std::uint16_t, 256> characters{};
  std::uint16_t next = 256;
  for (unsigned byte = 0; byte < 256; ++byte)
    characters[byte] = prints(byte) ? static_cast<std::uint16_t>(byte) : next++;
  return characters;
}

constexpr std::array<std::uint16_t, 256> characters = make_characters();

}  // namespace

std::string byte_token_text(unsigned char byte) {
  constexpr char hex[] = "0123456789ABCDEF";
  return {'<', '0', 'x', hex[byte >> 4], hex[byte & 15], '>'};
}

std::uint32_t byte_to_character(unsigned char byte) { return characters[byte]; }

int character_to_byte(std::uint32_t character) {
  if (character < 256) return prints(character) ? static_cast<int>(character) : -1;
  for (int byte = 0; byte < 256; ++byte)
    if (characters[static_cast<std::size_t>(byte)] == character) return byte;
  return -1;
}

}  // namespace realizar::text
