#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cli/commands.hpp"
#include "cli/conversation.hpp"
#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/line_editor.hpp"
#include "cli/model_options.hpp"
#include "cli/sampler_options.hpp"
#include "cli/whole_number.hpp"
#include "realizar/engine.hpp"
#include "realizar/error.hpp"

namespace realizar::cli {
namespace {

struct ChatOptions {
  ModelOptions model;
  SamplerOptions sampler;
  std::string system;
  int n_tokens = -1;
};

constexpr const char* help_text =
    "  /help           these commands\n"
    "  /reset          begin a new conversation, with the same system message\n"
    "  /system [TEXT]  set the system message, or remove it\n"
    "  /save FILE      write the conversation as JSON\n"
    "  /load FILE      go on with a conversation that was saved\n"
    "  /exit           leave, as Ctrl-D does\n"
    "Ctrl-C ends an answer; twice, or at an empty line, it ends the program.\n";

std::filesystem::path history_file() {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  if (state && *state) return std::filesystem::path(state) / "realizar" / "history";
  if (home && *home) return std::filesystem::path(home) / ".local" / "state" / "realizar" / "history";
  return {};
}

class Chat {
 public:
  explicit Chat(const ChatOptions& options)
      : options_(options), engine_(load_model(options.model)), editor_(history_file()) {
    conversation_.set_system(options.system);
  }

  int run() {
    if (editor_.interactive()) print("/help lists the commands, Ctrl-D leaves.\n");
    while (!done_) {
      clear_interrupt();
      const std::optional<std::string> line = editor_.read("> ");
      if (!line) break;
      if (line->empty()) continue;
      try {
        if (line->front() == '/')
          obey(*line);
        else
          answer(*line);
      } catch (const Error& error) {
        // Someone at a terminal reads it and goes on; a script must not.
        if (!editor_.interactive()) throw;
        std::fprintf(stderr, "%s\n", error.what());
      }
    }
    return exit_ok;
  }

 private:
  void obey(const std::string& line) {
    const size_t space = line.find(' ');
    const std::string command = line.substr(0, space);
    const size_t start = line.find_first_not_of(' ', std::min(space, line.size()));
    const std::string argument = start == std::string::npos ? "" : line.substr(start);
    const auto file = [&] {
      if (argument.empty())
        throw Error(ErrorKind::invalid_argument, command + " needs a file, as in " + command + " chat.json");
      return argument;
    };
    if (command == "/help")
      print(help_text);
    else if (command == "/reset")
      conversation_.reset();
    else if (command == "/system")
      conversation_.set_system(argument);
    else if (command == "/save")
      conversation_.save(file());
    else if (command == "/load")
      conversation_.load(file());
    else if (command == "/exit" || command == "/quit")
      done_ = true;
    else
      throw Error(ErrorKind::invalid_argument, "there is no command " + command + "; /help lists them");
  }

  void answer(const std::string& question) {
    conversation_.add("user", question);
    try {
      GenerationRequest request{.prompt = engine_.model().encode_chat(conversation_.messages()),
                                .sampler = options_.sampler.sampler_settings(),
                                .max_tokens = options_.n_tokens};
      request.on_prefill = [](size_t, size_t) { return !interrupted(); };
      request.on_text = [](std::string_view piece) {
        print(piece);
        return !interrupted();
      };
      const GenerationStream stream = engine_.submit(std::move(request));
      if (!has_answered_) warn_of_host_sampling(stream.result());
      has_answered_ = true;
      const GenerationResult result = engine_.wait(stream);
      print("\n");
      if (result.stop_reason == StopReason::context_full)
        std::fputs("(the context is full: /reset begins a new conversation)\n", stderr);
      conversation_.add("assistant", result.text);
    } catch (...) {
      conversation_.remove_last();
      throw;
    }
    if (interrupted() && !editor_.interactive()) throw Interrupted();
  }

  const ChatOptions& options_;
  Engine engine_;
  LineEditor editor_;
  Conversation conversation_;
  bool done_ = false, has_answered_ = false;
};

int chat(const ChatOptions& options) {
  const InterruptHandler interrupts;
  return Chat(options).run();
}

}  // namespace

void add_chat(CLI::App& program, Action& action) {
  const auto [command, options] =
      add_command<ChatOptions>(program, action, "chat", "talk with a model",
                               "  realizar chat\n"
                               "  realizar chat model.gguf --system 'Answer in French.' --temperature 0.7\n"
                               "  printf 'Hello\\n/save chat.json\\n' | realizar chat\n"
                               "In a chat:\n" +
                                   std::string(help_text),
                               chat);
  add_model_options(command, options.model, ModelArgument::optional);
  command.add_option("--system", options.system, "a system message to begin with")->type_name("TEXT");
  whole_number(command.add_option("-n,--tokens", options.n_tokens,
                                  "tokens of an answer at most; -1: until the model ends"),
               -1, 1 << 30)
      ->type_name("N")
      ->capture_default_str();
  add_sampler_options(command, options.sampler);
}

}  // namespace realizar::cli
