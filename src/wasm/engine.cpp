// What realizar_worker.js calls: one model a module, strings in UTF-8, structures as JSON. Functions that can
// fail give false or null; realizar_error() then says why.
#include "realizar/engine.hpp"

#include <emscripten.h>

#include <cstdlib>
#include <exception>
#include <limits>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "realizar/error.hpp"
#include "realizar/model_receiver.hpp"

namespace {

using nlohmann::json;
using namespace realizar;

// Memory of a module ends where its addresses do; some of it is for the cache and what is computed.
constexpr double largest_file = 0.9 * static_cast<double>(std::numeric_limits<size_t>::max());

// clang-format off
EM_JS(void, report_progress, (double done, double total), { Module['onProgress'](done, total); });
// clang-format on

std::optional<ModelReceiver> receiver;
std::optional<Engine> engine;
std::optional<GenerationStream> stream;
std::string text;    // of the generation, not yet taken
std::string answer;  // the last one given out
std::string error;

void keep_error(const char* kind, const char* message) {
  error = json{{"kind", kind}, {"message", message}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// What `action` gives; on failure its type's null, the error kept.
template <class Action>
auto guarded(const Action& action) -> decltype(action()) {
  try {
    return action();
  } catch (const Error& e) {
    keep_error(to_string(e.kind()), e.what());
  } catch (const std::bad_alloc&) {
    keep_error("out_of_memory",
               "there is no room for this in the 4 GB that WebAssembly addresses: use a smaller "
               "model or context");
  } catch (const json::exception& e) {
    keep_error("invalid_argument", e.what());
  } catch (const std::exception& e) {
    keep_error("internal", e.what());
  }
  return {};
}

const char* give(const json& value) {
  answer = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return answer.c_str();
}

Engine& loaded() {
  if (!engine) throw Error(ErrorKind::invalid_argument, "no model is loaded");
  return *engine;
}

SamplerSettings sampler_of(const json& options) {
  SamplerSettings settings;
  const auto take = [&](const char* name, auto& value) {
    if (options.contains(name)) options[name].get_to(value);
  };
  take("temperature", settings.temperature);
  take("topK", settings.top_k);
  take("topP", settings.top_p);
  take("minP", settings.min_p);
  take("repeatPenalty", settings.repeat_penalty);
  if (options.contains("seed")) settings.seed = options["seed"].get<uint64_t>();
  return settings;
}

std::vector<int32_t> prompt_of(const json& request) {
  const GGUFTransformer& model = loaded().model();
  if (request.contains("prompt")) return model.encode_prompt(request["prompt"].get<std::string>());
  std::vector<ChatMessage> messages;
  for (const json& message : request.at("messages"))
    messages.push_back({message.at("role").get<std::string>(), message.at("content").get<std::string>()});
  return model.encode_chat(messages);
}

json result_of(const GenerationResult& result) {
  const char* reason = "stop";
  if (result.stop_reason == StopReason::max_tokens || result.stop_reason == StopReason::context_full)
    reason = "length";
  if (result.stop_reason == StopReason::cancelled) reason = "cancelled";
  return {{"finishReason", reason},
          {"promptTokens", result.n_prompt},
          {"tokens", result.tokens.size()},
          {"promptTokensPerSecond", result.prefill_tokens_per_second()},
          {"tokensPerSecond", result.decode_tokens_per_second()}};
}

}  // namespace

extern "C" {

EMSCRIPTEN_KEEPALIVE const char* realizar_error() { return error.c_str(); }

/// Begins to take a file of `n_bytes`.
EMSCRIPTEN_KEEPALIVE bool realizar_begin(const char* name, double n_bytes) {
  return guarded([&] {
    if (n_bytes > largest_file)
      throw Error(
          ErrorKind::out_of_memory,
          std::string(name) + " has " + std::to_string(n_bytes / 1e9).substr(0, 4) +
              " GB, and WebAssembly addresses 4 GB in all: use a smaller model or stronger quantisation, or "
              "the native program");
    receiver.emplace(name, static_cast<uint64_t>(n_bytes));
    return true;
  });
}

EMSCRIPTEN_KEEPALIVE bool realizar_append(const std::byte* bytes, size_t n) {
  return guarded([&] {
    receiver.value().append({bytes, n});
    return true;
  });
}

/// Loads what was received; `options`: {context, arithmetic, threads}. Gives what `info` of the model holds.
EMSCRIPTEN_KEEPALIVE const char* realizar_load(const char* options) {
  return guarded([&] {
    const json wanted = json::parse(options);
    LoadOptions load;
    load.n_context = wanted.at("context").get<int>();
    load.n_threads = wanted.at("threads").get<int>();
    const bool exact = wanted.at("arithmetic") == "exact";
    load.arithmetic = exact ? Arithmetic::exact : Arithmetic::fast;
    // Multiply-adds that are rounded once are dear here: who asks for speed goes without.
    setenv("REALIZAR_ISA", exact ? "wasm" : "wasm_unfused", /*overwrite=*/1);
    load.progress = [](uint64_t done, uint64_t total) {
      report_progress(static_cast<double>(done), static_cast<double>(total));
    };
    engine.emplace(std::move(receiver.value()).load(load));
    receiver.reset();
    const GGUFTransformer& model = engine->model();
    return give({{"name", model.name()},
                 {"parameters", model.n_parameters()},
                 {"architecture", model.shape().architecture},
                 {"context", model.n_context()},
                 {"threads", model.n_threads()},
                 {"memory", model.memory().total()},
                 {"hasChatTemplate", model.has_chat_template()}});
  });
}

/// {"text", "special"} to ids.
EMSCRIPTEN_KEEPALIVE const char* realizar_tokenize(const char* request) {
  return guarded([&] {
    const json wanted = json::parse(request);
    return give(loaded().model().tokenizer().encode(wanted.at("text").get<std::string>(),
                                                    {.parse_special = wanted.value("special", false)}));
  });
}

/// Ids to text, as a JSON string.
EMSCRIPTEN_KEEPALIVE const char* realizar_detokenize(const char* ids) {
  return guarded([&] {
    return give(loaded().model().tokenizer().decode(json::parse(ids).get<std::vector<int32_t>>()));
  });
}

/// Begins to generate: {"prompt"} or {"messages"}, and options of the sampler, "maxTokens", "stop".
EMSCRIPTEN_KEEPALIVE bool realizar_submit(const char* request) {
  return guarded([&] {
    const json wanted = json::parse(request);
    GenerationRequest generation;
    generation.prompt = prompt_of(wanted);
    generation.sampler = sampler_of(wanted);
    generation.max_tokens = wanted.value("maxTokens", -1);
    generation.stop = wanted.value("stop", std::vector<std::string>());
    generation.on_text = [](std::string_view piece) {
      text += piece;
      return true;
    };
    text.clear();
    stream = loaded().submit(std::move(generation));
    return true;
  });
}

/// Computes one batch. Gives {"text": what came of it, "result": once done}.
EMSCRIPTEN_KEEPALIVE const char* realizar_step() {
  return guarded([&] {
    loaded().step();
    json out{{"text", text}};
    text.clear();
    if (stream.value().done()) out["result"] = result_of(stream->result());
    return give(out);
  });
}

EMSCRIPTEN_KEEPALIVE void realizar_cancel() {
  if (stream) stream->cancel();
}

}  // extern "C"
