#include <string>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "realizar/error.hpp"
#include "realizar/tokenizer.hpp"

namespace realizar::cli {
namespace {

struct TokenizeOptions {
  std::string model;
  EncodeOptions encode;
  bool bos = false;
};

int print_ids(const TokenizeOptions& options) {
  const Tokenizer tokenizer = Tokenizer::load(options.model);
  std::string line;
  if (options.bos) {
    if (tokenizer.bos() < 0) throw Error(ErrorKind::invalid_argument, options.model + " has no BOS token");
    line = std::to_string(tokenizer.bos());
  }
  for (const int32_t id : tokenizer.encode(read_all("-"), options.encode))
    line += (line.empty() ? "" : " ") + std::to_string(id);
  print(line + "\n");
  return exit_ok;
}

}  // namespace

void add_tokenize(CLI::App& program, Action& action) {
  const auto [command, options] = add_command<TokenizeOptions>(
      program, action, "tokenize", "print the token ids of the text on standard input",
      "  printf 'Hello world' | realizar tokenize model.gguf\n"
      "  realizar tokenize model.gguf --special --bos < prompt.txt\n",
      print_ids);
  command.add_option("MODEL", options.model, "GGUF file, which may hold only a vocabulary")->required();
  command.add_flag("--special", options.encode.parse_special,
                   "texts such as <|im_end|> are the token they name");
  command.add_flag("--bos", options.bos, "begin with BOS");
}

}  // namespace realizar::cli
