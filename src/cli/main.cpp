#include <clocale>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "realizar/error.hpp"
#include "realizar/version.hpp"

namespace realizar::cli {
namespace {

int exit_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
      return exit_usage;
    case ErrorKind::invalid_file:
    case ErrorKind::unsupported:
    case ErrorKind::invalid_template:
      return exit_bad_file;
    case ErrorKind::io:
    case ErrorKind::out_of_memory:
    case ErrorKind::limit_exceeded:
    case ErrorKind::internal:
      return exit_failed;
  }
  return exit_failed;
}

int report(const char* message, int status) {
  std::fprintf(stderr, "realizar: %s\n", message);
  return status;
}

std::string command_names(const CLI::App& program) {
  std::string names;
  for (const CLI::App* command : program.get_subcommands(nullptr))
    names += (names.empty() ? "" : ", ") + command->get_name();
  return names;
}

int run_program(int argc, char** argv) {
  CLI::App program("realizar runs large language models from GGUF files on this machine.", "realizar");
  program.set_version_flag("--version",
                           std::string("realizar ") + version() + " (" + instruction_set() + ")");
  program.footer(
      "Environment:\n"
      "  REALIZAR_ISA=scalar|avx2|avx512   the instruction set to compute with\n"
      "  REALIZAR_WGPU_LIBRARY=PATH        the library wgpu-native, which GPUs are used through\n\n"
      "Exit status:\n"
      "    0  done\n"
      "    1  failed at run time: input and output, memory, limits\n"
      "    2  wrong command line or arguments\n"
      "    3  a model, vocabulary or template that is broken or not supported\n"
      "  130  ended by Ctrl-C: once ends the work (a chat goes on after an answer), twice the program\n\n"
      "Examples:\n"
      "  realizar run -p 'Name the capital of France.'\n"
      "  realizar chat model.gguf --temperature 0.7\n"
      "  printf 'Hello world' | realizar tokenize model.gguf\n"
      "  realizar info model.gguf --json\n"
      "`realizar COMMAND --help` has more.");
  Action action;
  add_run(program, action);
  add_chat(program, action);
  add_info(program, action);
  add_tokenize(program, action);
  add_detokenize(program, action);
  add_template(program, action);
  add_logits(program, action);
  add_perplexity(program, action);
  add_bench(program, action);
  add_devices(program, action);
  add_web(program, action);
  program.require_subcommand(1);

  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Of a word that is no command CLI11 only says that a command is missing.
    const std::vector<std::string> unknown = program.remaining();
    if (program.get_subcommands().empty() && !unknown.empty())
      return report(("there is no " + std::string(unknown[0].starts_with('-') ? "option " : "command ") +
                     unknown[0] + "; the commands are " + command_names(program))
                        .c_str(),
                    exit_usage);
    return program.exit(error) == 0 ? exit_ok : exit_usage;
  }
  return action();
}

}  // namespace
}  // namespace realizar::cli

int main(int argc, char** argv) {
  using namespace realizar::cli;
  std::setlocale(LC_CTYPE, "");
  try {
    return run_program(argc, argv);
  } catch (const realizar::Error& error) {
    return report(error.what(), exit_status(error.kind()));
  } catch (const Interrupted&) {
    return exit_interrupted;
  } catch (const std::bad_alloc&) {
    return report("out of memory", exit_failed);
  } catch (const std::exception& error) {
    return report(error.what(), exit_failed);
  }
}
