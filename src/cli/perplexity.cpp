#include "realizar/perplexity.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/model_options.hpp"
#include "cli/progress_bar.hpp"
#include "cli/units.hpp"
#include "cli/whole_number.hpp"

namespace realizar::cli {
namespace {

struct PerplexityOptions {
  ModelOptions model{.n_context = 512};
  std::string file;
  bool json = false;
};

int print_perplexity(const PerplexityOptions& options) {
  const InterruptHandler interrupts;
  const std::string text = read_all(options.file);
  GGUFTransformer model = load_model(options.model);
  const std::vector<int32_t> tokens = model.tokenizer().encode(text);
  ProgressBar bar("computing");
  const Perplexity result = measure_perplexity(
      model, tokens, options.model.n_context,
      [&](const Perplexity& so_far, size_t n_windows) { bar.update(so_far.n_windows, n_windows); });
  if (options.json)
    print(nlohmann::ordered_json{{"perplexity", result.value()},
                                 {"mean_negative_log_likelihood", result.mean_negative_log_likelihood},
                                 {"standard_error", result.standard_error},
                                 {"tokens", result.n_scored},
                                 {"windows", result.n_windows}}
              .dump(2) +
          "\n");
  else
    print("perplexity " + fixed(result.value(), 4) + " over " + std::to_string(result.n_scored) +
          " tokens\n");
  return exit_ok;
}

}  // namespace

void add_perplexity(CLI::App& program, Action& action) {
  const auto [command, options] = add_command<PerplexityOptions>(
      program, action, "perplexity", "measure how well a model predicts a text",
      "  realizar perplexity model.gguf text.txt --context 512\n"
      "  realizar perplexity model.gguf text.txt --arithmetic exact --json\n"
      "The text is cut into windows, the rest dropped; BOS takes the place of the first\n"
      "token of a window where the vocabulary asks for it, and the second half is scored.\n"
      "The last line is `perplexity X over N tokens`.\n",
      print_perplexity);
  add_model_options(command, options.model, ModelArgument::required, "tokens of a window");
  whole_number(command.get_option("--context"), 4, 1 << 30);
  command.add_option("FILE", options.file, "the text; -: standard input")->required()->type_name("");
  command.add_flag("--json", options.json, "print a JSON object");
}

}  // namespace realizar::cli
