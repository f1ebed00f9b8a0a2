#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

// The commands of the program, one file each.
namespace realizar::cli {

/// Exit statuses, as `realizar --help` lists them. Scripts rely on them.
enum ExitStatus : int {
  exit_ok = 0,
  exit_failed = 1,        // at run time: input and output, memory, limits
  exit_usage = 2,         // a wrong command line, or arguments that cannot be right
  exit_bad_file = 3,      // a model, vocabulary or template that is broken or not supported
  exit_interrupted = 130  // ended by Ctrl-C
};

/// What the command line asked for: set while it is parsed, run after.
using Action = std::function<int()>;

void add_run(CLI::App& program, Action& action);
void add_chat(CLI::App& program, Action& action);
void add_info(CLI::App& program, Action& action);
void add_tokenize(CLI::App& program, Action& action);
void add_detokenize(CLI::App& program, Action& action);
void add_template(CLI::App& program, Action& action);
void add_logits(CLI::App& program, Action& action);
void add_perplexity(CLI::App& program, Action& action);
void add_bench(CLI::App& program, Action& action);
void add_devices(CLI::App& program, Action& action);
void add_web(CLI::App& program, Action& action);

template <class Options>
struct Command {
  CLI::App& app;
  Options& options;
};

/// A command of the program that does `run(options)`, with `examples` at the end of its help. The caller adds
/// to it what sets the options.
template <class Options, class Run>
Command<Options> add_command(CLI::App& program, Action& action, const std::string& name,
                             const std::string& description, const std::string& examples, Run run) {
  CLI::App& app = *program.add_subcommand(name, description);
  app.footer("Examples:\n" + examples);
  auto options = std::make_shared<Options>();
  app.callback([options, run, &action] { action = [options, run] { return run(*options); }; });
  return {app, *options};
}

}  // namespace realizar::cli
