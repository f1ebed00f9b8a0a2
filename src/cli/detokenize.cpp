#include <string>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "realizar/tokenizer.hpp"

namespace realizar::cli {
namespace {

int print_text(const std::string& model) {
  print(Tokenizer::load(model).decode(parse_ids(read_all("-"), "standard input"), /*with_special=*/true));
  return exit_ok;
}

}  // namespace

void add_detokenize(CLI::App& program, Action& action) {
  const auto [command, model] = add_command<std::string>(
      program, action, "detokenize", "print the text of the token ids on standard input",
      "  echo 28120 905 | realizar detokenize model.gguf\n"
      "  realizar tokenize model.gguf < text | realizar detokenize model.gguf\n",
      print_text);
  command.add_option("MODEL", model, "GGUF file, which may hold only a vocabulary")->required();
}

}  // namespace realizar::cli
