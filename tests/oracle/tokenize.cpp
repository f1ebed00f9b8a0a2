// For compare_tokenizers.py: tokenize MODEL [-special], texts on stdin, each as a line with its length in
// bytes and then its bytes. Prints the ids of each on a line.
#include <iostream>
#include <string>

#include "formats/gguf_file.hpp"
#include "model/vocabulary.hpp"
#include "realizar/error.hpp"
#include "text/pre_tokenizer_table.hpp"
#include "text/tokenizer.hpp"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  if (argv[1] == std::string("--names")) {
    for (const auto name : realizar::text::pre_tokenizer_names()) std::cout << name << '\n';
    return 0;
  }
  try {
    const auto file = realizar::formats::GgufFile::open(argv[1]);
    const realizar::text::Tokenizer tokenizer(realizar::model::vocabulary_from_gguf(file.gguf()));
    const bool special = argc > 2 && std::string(argv[2]) == "-special";
    std::string length;
    while (std::getline(std::cin, length)) {
      std::string text(std::stoul(length), '\0');
      std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
      for (const int id : tokenizer.encode(text, {.parse_special = special})) std::cout << id << ' ';
      std::cout << '\n';
    }
  } catch (const realizar::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
