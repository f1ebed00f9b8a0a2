#include <bit>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/model_options.hpp"
#include "cli/progress_bar.hpp"
#include "realizar/error.hpp"

static_assert(std::endian::native == std::endian::little, "the file of logits is little endian");

namespace realizar::cli {
namespace {

struct LogitsOptions {
  ModelOptions model;
  std::string tokens, output;
};

int write_logits(const LogitsOptions& options) {
  const InterruptHandler interrupts;
  const std::vector<int32_t> tokens =
      parse_ids(read_all(options.tokens), options.tokens == "-" ? "standard input" : options.tokens);
  if (tokens.empty()) throw Error(ErrorKind::invalid_argument, options.tokens + " holds no token ids");
  GGUFTransformer model = load_model(options.model);
  OutputFile file(options.output);
  const auto n_tokens = static_cast<int32_t>(tokens.size()), n_vocab = model.n_vocab();
  file.write(&n_tokens, sizeof n_tokens);
  file.write(&n_vocab, sizeof n_vocab);
  file.write(tokens.data(), tokens.size() * sizeof tokens[0]);
  ProgressBar bar("computing");
  model.forward(tokens, 0, [&](size_t i, std::span<const float> logits) {
    file.write(logits.data(), logits.size_bytes());
    bar.update(i + 1, tokens.size());
  });
  file.finish();
  return exit_ok;
}

}  // namespace

void add_logits(CLI::App& program, Action& action) {
  const auto [command, options] = add_command<LogitsOptions>(
      program, action, "logits", "write the logits that follow every token of a sequence",
      "  realizar tokenize model.gguf --bos < text | realizar logits model.gguf --tokens - --output "
      "x.logits\n"
      "  realizar logits model.gguf --tokens ids.txt --output x.logits --kv f32 --arithmetic exact\n"
      "  realizar logits model.gguf --tokens ids.txt --output - | sha256sum\n"
      "The file holds int32 n, int32 vocab, int32 tokens[n], f32 logits[n][vocab], little endian. It\n"
      "appears under its name only when it is complete.\n",
      write_logits);
  add_model_options(command, options.model, ModelArgument::required);
  command
      .add_option("--tokens", options.tokens,
                  "file of decimal ids separated by white space; -: standard input")
      ->required()
      ->type_name("FILE");
  command.add_option("-o,--output", options.output, "the file to write; -: standard output")
      ->required()
      ->type_name("FILE");
}

}  // namespace realizar::cli
