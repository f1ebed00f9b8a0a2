#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/bench_hybrid.hpp"
#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/model_options.hpp"
#include "cli/progress_bar.hpp"
#include "cli/units.hpp"
#include "cli/whole_number.hpp"
#include "realizar/benchmark.hpp"
#include "realizar/version.hpp"

namespace realizar::cli {
namespace {

using Json = nlohmann::ordered_json;

struct BenchOptions {
  ModelOptions model;
  BenchmarkOptions bench;
  bool json = false, hybrid = false;
};

constexpr char examples[] = R"(  realizar bench -p 512 -n 64 -r 5 -t 2
  realizar bench model.gguf -p 0 -n 128 -d 4096 --kv q8_0
  realizar bench model.gguf -n 64 -b 8 --json
  realizar bench model.gguf --profile
  realizar bench --hybrid

Decode is held against memory: its share is of the read bandwidth, (file bytes of the tensors that a token
reads + bytes of keys and values at that depth) x median tok/s / bandwidth. Streams share one reading of the
weights. Prefill is held against arithmetic: its share is of the rate at which its multiply-adds alone would
go at their peak, in int8 for quantised weights and in f32 for others (for all under --arithmetic exact).
The output matrix counts for the last token only, the products of attention do not count.
The bandwidth is the best of several loops over 1 GiB, the peaks are those of loops on registers, both with
the same threads and instruction set, taken between the repetitions. On a GPU the bandwidth is that of a
kernel that only reads, and there is no arithmetic peak; its clock takes the time of the kernels of one more
repetition, without what the host does to have them run. With layers on both there is neither.

A profile is of one more repetition, with a clock at every operator, as the first thread sees it. Its parts
are operators of the fused plan (info --plan), but for: inputs, the norms and the quantisation that products
begin with; sampling, greedy; rest, what stands between batches. Waiting is for the other threads. On a GPU
they are kernels, by its own clock, run apart from those that give the result, which are then rest.
)";

Json to_json(const Rates& rates, double by_gpu_clock, Json what) {
  if (rates.all.empty()) return nullptr;
  Json& rate = what["tokens_per_second"];
  rate = {{"min", rates.min()}, {"median", rates.median()}, {"max", rates.max()}};
  if (by_gpu_clock > 0) rate["by_gpu_clock"] = by_gpu_clock;
  return what;
}

Json to_json(const Profile& profile) {
  if (profile.parts.empty()) return nullptr;
  Json parts = Json::array();
  for (const Profile::Part& part : profile.parts)
    parts.push_back({{"name", part.name},
                     {"times", part.n},
                     {"seconds", part.seconds},
                     {"waiting", part.waiting},
                     {"share", part.seconds / profile.seconds}});
  return {{"seconds", profile.seconds}, {"parts", parts}};
}

std::string to_text(const std::string& phase, const Profile& profile) {
  if (profile.parts.empty()) return "";
  char line[200];
  std::snprintf(line, sizeof line, "\n%-20s %10s %10s %10s %10s\n", ("profile of " + phase).c_str(), "times",
                "ms", "share", "waiting");
  std::string text = line;
  const auto add = [&](const std::string& name, const std::string& n, double seconds, double waiting) {
    std::snprintf(line, sizeof line, "%-20s %10s %10.2f %10.3f %10.3f\n", name.c_str(), n.c_str(),
                  seconds * 1e3, seconds / profile.seconds, waiting / profile.seconds);
    text += line;
  };
  double waiting = 0;
  for (const Profile::Part& part : profile.parts) {
    add(part.name, std::to_string(part.n), part.seconds, part.waiting);
    waiting += part.waiting;
  }
  add("all", "", profile.seconds, waiting);
  return text;
}

Json to_json(const MultiplyAdds& macs) {
  return {{"int8", macs.int8}, {"int16", macs.int16}, {"f32", macs.f32}};
}

std::string to_json(const BenchOptions& options, const GGUFTransformer& model,
                    const BenchmarkResult& result) {
  const BenchmarkOptions& bench = options.bench;
  Json json = {{"model", model_path(options.model)},
               {"device", model.device()},
               {"threads", model.n_threads()},
               {"instruction_set", instruction_set()},
               {"arithmetic", options.model.arithmetic},
               {"kv", options.model.kv_type},
               {"load_seconds", model.load_seconds()},
               {"repetitions", bench.n_repetitions},
               {"prefill", to_json(result.prefill, result.prefill_by_gpu_clock,
                                   {{"tokens", bench.n_prompt},
                                    {"macs_per_token", to_json(result.macs_per_prompt_token)}})},
               {"decode", to_json(result.decode, result.decode_by_gpu_clock,
                                  {{"tokens", bench.n_decode},
                                   {"depth", bench.depth},
                                   {"streams", bench.n_streams},
                                   {"macs_per_token", to_json(result.macs_per_decoded_token)}})},
               {"weight_bytes", model.bytes_per_token(0)},
               {"read_bandwidth_gb_per_s", result.read_bandwidth / 1e9},
               {"bytes_per_token", result.bytes_per_token},
               {"bandwidth_share", result.decode.all.empty() ? Json() : Json(result.bandwidth_share())},
               {"int8_peak_gmac_per_s", result.int8_peak / 1e9},
               {"f32_peak_gmac_per_s", result.f32_peak / 1e9},
               {"prefill_share", result.prefill.all.empty() ? Json() : Json(result.prefill_share())}};
  if (model.on_gpu())
    json["gpu"] = {{"chooses_tokens", result.device_chooses_tokens},
                   {"dispatches_per_token", result.dispatches_per_token},
                   {"dispatch_us", result.dispatch_seconds * 1e6},
                   {"encode_us", result.encode_seconds * 1e6},
                   {"submit_us", result.submit_seconds * 1e6}};
  if (bench.profile)
    json["profile"] = {{"prefill", to_json(result.prefill_profile)},
                       {"decode", to_json(result.decode_profile)}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

/// What the machine could do at best, and what of it was used.
std::string ceilings_text(const BenchmarkResult& result) {
  std::string text;
  if (result.int8_peak > 0)
    text += "arithmetic peak " + fixed(result.int8_peak / 1e9, 1) + " GMAC/s in int8, " +
            fixed(result.f32_peak / 1e9, 1) + " in f32";
  if (result.prefill_limit() > 0)
    text += "; a token of the prompt multiplies " + fixed(result.macs_per_prompt_token.total() / 1e6, 1) +
            " M weights, so at most " + fixed(result.prefill_limit(), 1) + " tok/s; share " +
            fixed(result.prefill_share(), 3);
  if (result.read_bandwidth == 0) return text;
  if (!text.empty()) text += "\n";
  text += "read bandwidth " + fixed(result.read_bandwidth / 1e9, 1) + " GB/s";
  if (!result.decode.all.empty() && result.bytes_per_token > 0) {
    const auto bytes = static_cast<double>(result.bytes_per_token);
    text += "; a decoded token reads " + fixed(bytes / 1e6, 1) + " MB, so at most " +
            fixed(result.read_bandwidth / bytes, 1) + " tok/s; share " + fixed(result.bandwidth_share(), 3);
  }
  if (result.submit_seconds > 0)
    text +=
        "\na decoded token takes " + std::to_string(result.dispatches_per_token) + " dispatches; one takes " +
        fixed(result.dispatch_seconds * 1e6, 2) + " us, encoding it " +
        fixed(result.encode_seconds * 1e6, 2) + " us, submitting it alone and waiting " +
        fixed(result.submit_seconds * 1e6, 1) + " us\n" +
        (result.device_chooses_tokens ? "the GPU looks up and chooses decoded tokens, with batches under way"
                                      : "a decoded token is one round trip, and logits come back");
  return text + "\n";
}

std::string to_text(const BenchOptions& options, const GGUFTransformer& model,
                    const BenchmarkResult& result) {
  const BenchmarkOptions& bench = options.bench;
  std::string text = std::filesystem::path(model_path(options.model)).filename().string() + ": " +
                     (model.on_gpu() ? model.device()
                                     : std::to_string(model.n_threads()) + " threads, " + instruction_set()) +
                     ", " + options.model.arithmetic + ", kv " + options.model.kv_type + ", loaded in " +
                     fixed(model.load_seconds(), 2) + " s\n";
  char line[200];
  const auto add = [&](const std::string& what, const Rates& rates, double by_gpu_clock) {
    if (rates.all.empty()) return;
    std::snprintf(line, sizeof line, "%-34s %10.1f %10.1f %10.1f", what.c_str(), rates.min(), rates.median(),
                  rates.max());
    text += line;
    if (by_gpu_clock > 0) {
      std::snprintf(line, sizeof line, " %10.1f", by_gpu_clock);
      text += line;
    }
    text += "\n";
  };
  std::snprintf(line, sizeof line, "%-34s %10s %10s %10s%s\n", "tok/s", "minimum", "median", "maximum",
                model.on_gpu() ? "  GPU clock" : "");
  text += line;
  add("prefill of " + std::to_string(bench.n_prompt), result.prefill, result.prefill_by_gpu_clock);
  add("decode of " + std::to_string(bench.n_decode) +
          (bench.depth > 0 ? " at depth " + std::to_string(bench.depth) : "") +
          (bench.n_streams > 1 ? " in " + std::to_string(bench.n_streams) + " streams" : ""),
      result.decode, result.decode_by_gpu_clock);
  text += ceilings_text(result);
  return text + to_text("prefill", result.prefill_profile) + to_text("decode", result.decode_profile);
}

int benchmark(BenchOptions options) {
  if (options.hybrid) return bench_hybrid(options.model, options.json);
  const InterruptHandler interrupts;
  LoadOptions load = options.model.load_options();
  BenchmarkOptions& bench = options.bench;
  if (load.n_context == 0) load.n_context = std::max({1, bench.n_prompt, bench.depth + bench.n_decode});
  load.n_streams = bench.n_streams;
  GGUFTransformer model = load_model(options.model, load);
  BenchmarkResult result;
  {
    ProgressBar bar("measuring");
    bench.progress = [&bar](int done, int total) {
      bar.update(static_cast<uint64_t>(done), static_cast<uint64_t>(total));
    };
    bench.before_batch = throw_if_interrupted;
    result = run_benchmark(model, bench);
  }
  print(options.json ? to_json(options, model, result) : to_text(options, model, result));
  return exit_ok;
}

}  // namespace

void add_bench(CLI::App& program, Action& action) {
  const auto [command, options] = add_command<BenchOptions>(
      program, action, "bench", "measure prefill and decode speed", examples, benchmark);
  add_model_options(command, options.model, ModelArgument::optional,
                    "positions to make room for; 0: as many as the benchmark needs");
  const auto add_count = [&command = command](const char* names, int& value, int least, const char* type,
                                              const char* help) {
    whole_number(command.add_option(names, value, help), least, 1 << 24)
        ->type_name(type)
        ->capture_default_str();
  };
  BenchmarkOptions& bench = options.bench;
  add_count("-p,--prompt", bench.n_prompt, 0, "P", "tokens of the prompt; 0: no prefill");
  add_count("-n,--tokens", bench.n_decode, 0, "N", "tokens to decode; 0: no decode");
  add_count("-r,--repetitions", bench.n_repetitions, 1, "R", "times to measure each");
  add_count("-d,--depth", bench.depth, 0, "DEPTH", "positions in the cache before decoding");
  add_count("-b,--streams", bench.n_streams, 1, "STREAMS", "sequences that decode together");
  command.add_flag("--profile", bench.profile, "also show where the time goes");
  command.add_flag("--hybrid", options.hybrid,
                   "instead of a model, time single operations by size on the CPU and on the GPU");
  command.add_flag("--json", options.json, "print a JSON object");
}

}  // namespace realizar::cli
