#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "realizar/tokenizer.hpp"

namespace realizar::cli {

void add_detokenize(CLI::App& program, Action& action) {
  auto model = std::make_shared<std::string>();
  CLI::App* command = add_command(program, "detokenize", "print the text of the token ids on standard input",
                                  "  echo 28120 905 | realizar detokenize model.gguf\n"
                                  "  realizar tokenize model.gguf < text | realizar detokenize model.gguf\n");
  command->add_option("MODEL", *model, "GGUF file, which may hold only a vocabulary")->required();
  command->callback([model, &action] {
    action = [model] {
      print(
          Tokenizer::load(*model).decode(parse_ids(read_all("-"), "standard input"), /*with_special=*/true));
      return exit_ok;
    };
  });
}

}  // namespace realizar::cli
