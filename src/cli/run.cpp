#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/model_options.hpp"
#include "cli/sampler_options.hpp"
#include "cli/units.hpp"
#include "cli/whole_number.hpp"
#include "realizar/benchmark.hpp"
#include "realizar/engine.hpp"
#include "realizar/error.hpp"

namespace realizar::cli {
namespace {

struct RunOptions {
  ModelOptions model;
  SamplerOptions sampler;
  std::string prompt, system;
  int n_tokens = -1;
  std::vector<std::string> stop;
  bool raw = false, json = false, verbose = false;
};

/// How fast a generation was.
struct Speed {
  double load_seconds, first_token_seconds, prefill, decode;
  double read_bandwidth = 0;  // bytes per second; 0 when it was not measured
  double bandwidth_share = 0;
};

/// The bandwidth of memory is measured after the generation, in about 0.2 seconds, and only where there is a
/// decode speed to compare it with. The engine ends before that, so that the memory measured over adds
/// nothing to the most that the program holds.
Speed speed_of(const GenerationResult& result, Engine engine) {
  constexpr double measuring_seconds = 0.1;
  const GGUFTransformer& model = engine.model();
  Speed speed{model.load_seconds(), result.first_token_seconds, result.prefill_tokens_per_second(),
              result.decode_tokens_per_second()};
  if (speed.decode <= 0 || model.on_gpu()) return speed;
  const size_t mean_depth = result.n_prompt + result.tokens.size() / 2;
  const auto bytes_per_token = static_cast<double>(model.bytes_per_token(static_cast<int>(mean_depth)));
  const int n_threads = model.n_threads();
  { const Engine ended = std::move(engine); }
  try {
    speed.read_bandwidth = measure_read_bandwidth(n_threads, measuring_seconds, bytes_beyond_caches());
    speed.bandwidth_share = bytes_per_token * speed.decode / speed.read_bandwidth;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::out_of_memory) throw;
  }
  return speed;
}

std::string to_text(const Speed& speed) {
  std::string text = "load " + fixed(speed.load_seconds, 2) + " s, first token after " +
                     fixed(speed.first_token_seconds, 3) + " s, prefill " + fixed(speed.prefill, 1) +
                     " tok/s";
  if (speed.decode > 0) text += ", decode " + fixed(speed.decode, 1) + " tok/s";
  if (speed.read_bandwidth > 0)
    text += ", " + fixed(100 * speed.bandwidth_share, 0) + " % of the memory bandwidth (" +
            fixed(speed.read_bandwidth / 1e9, 1) + " GB/s)";
  return text + "\n";
}

std::string to_json(const GenerationResult& result, const Speed& speed) {
  nlohmann::ordered_json json = {{"text", result.text},
                                 {"tokens", result.tokens},
                                 {"stop_reason", to_string(result.stop_reason)},
                                 {"prompt_tokens", result.n_prompt},
                                 {"load_seconds", speed.load_seconds},
                                 {"first_token_seconds", speed.first_token_seconds},
                                 {"prefill_tokens_per_second", speed.prefill},
                                 {"decode_tokens_per_second", speed.decode},
                                 {"read_bandwidth_gb_per_s", nullptr},
                                 {"bandwidth_share", nullptr},
                                 {"seed", result.seed},
                                 {"sampler", result.sampler}};
  if (speed.read_bandwidth > 0) {
    json["read_bandwidth_gb_per_s"] = speed.read_bandwidth / 1e9;
    json["bandwidth_share"] = speed.bandwidth_share;
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::vector<int32_t> encode(const RunOptions& options, const GGUFTransformer& model) {
  const std::string prompt = options.prompt == "-" ? read_all("-") : options.prompt;
  if (options.raw) return model.encode_prompt(prompt);
  std::vector<ChatMessage> messages;
  if (!options.system.empty()) messages.push_back({"system", options.system});
  messages.push_back({"user", prompt});
  return model.encode_chat(messages);
}

/// Whether text and speed go to one place, a terminal or a file, where a line end has to part them.
bool outputs_are_one() {
  struct stat out, error;
  return fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &error) == 0 && out.st_dev == error.st_dev &&
         out.st_ino == error.st_ino;
}

int run(const RunOptions& options) {
  const InterruptHandler interrupts;
  GGUFTransformer model = load_model(options.model);
  GenerationRequest request{.prompt = encode(options, model),
                            .sampler = options.sampler.sampler_settings(),
                            .max_tokens = options.n_tokens,
                            .stop = options.stop};
  request.on_prefill = [](size_t, size_t) { return !interrupted(); };
  request.on_text = [&](std::string_view piece) {
    if (!options.json && !piece.empty()) print(piece);
    return !interrupted();
  };
  Engine engine(std::move(model));
  const GenerationStream stream = engine.submit(std::move(request));
  warn_of_host_sampling(stream.result());
  const GenerationResult result = engine.wait(stream);
  const Speed speed = speed_of(result, std::move(engine));
  if (options.json) {
    print(to_json(result, speed));
  } else {
    std::string lines = to_text(speed);
    if (result.stop_reason == StopReason::context_full)
      lines.insert(lines.size() - 1, "; stopped because the context is full (--context gives a longer one)");
    if (options.verbose)
      lines = "ended by " + std::string(to_string(result.stop_reason)) + " after " +
              std::to_string(result.tokens.size()) + " tokens; sampler: " + result.sampler + "\n" + lines;
    if (!result.text.ends_with('\n') && outputs_are_one()) lines = "\n" + lines;
    std::fputs(lines.c_str(), stderr);
  }
  return interrupted() ? exit_interrupted : exit_ok;
}

}  // namespace

void add_run(CLI::App& program, Action& action) {
  const auto [command, options] = add_command<RunOptions>(
      program, action, "run", "generate text from a prompt",
      "  realizar run -p 'Name the capital of France.'\n"
      "  realizar run model.gguf -p 'Write a haiku.' -n 64 --temperature 0.8 --seed 7\n"
      "  realizar run model.gguf --raw -p 'Once upon a time' -n 100\n"
      "  realizar run model.gguf -p - --json < question.txt | jq -r .text\n"
      "The text goes to stdout as it comes; then one line to stderr: load time, time to the "
      "first token, prefill\n"
      "and decode speed, and the share of the memory bandwidth that decoding used, which is "
      "measured for that in\n"
      "about 0.2 s. Ctrl-C ends the generation, twice the program.\n",
      run);
  add_model_options(command, options.model, ModelArgument::optional);
  command.add_option("-p,--prompt", options.prompt, "the prompt; -: standard input")
      ->required()
      ->type_name("TEXT");
  whole_number(command.add_option("-n,--tokens", options.n_tokens,
                                  "tokens to generate at most; -1: until the model ends"),
               -1, 1 << 30)
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--system", options.system, "a system message to go before the prompt")
      ->type_name("TEXT");
  command.add_option("--stop", options.stop, "a text that ends the generation; may be repeated")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  command.add_flag("--raw", options.raw, "continue the prompt as it is, without the model's chat template");
  command.add_flag("--json", options.json, "print a JSON object when all is done");
  command.add_flag("-v,--verbose", options.verbose,
                   "say on stderr also how tokens were chosen and why it ended");
  add_sampler_options(command, options.sampler);
}

}  // namespace realizar::cli
