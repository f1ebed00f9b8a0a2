#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "acceptance/timed.hpp"
#include "realizar/benchmark.hpp"
#include "shapes/shapes.hpp"
#include "shapes/write_shape.hpp"
#include "support/temporary_folder.hpp"

// Phase 3: attention in memory linear in the context, and decode near what the memory allows.
namespace realizar::test {
namespace {

/// Most bytes that this process had resident at once so far.
int64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

/// In a process of its own, as ctest runs it, and before the tests of large models: a peak never falls.
TEST(phase3_acceptance_tokens_per_second, AttentionTakesMemoryLinearInTheContext) {
  REALIZAR_TIMED_OR_SKIP();
  Recipe shape = shape_named("llama-1b");
  shape.n_layers = 1, shape.n_embd = 256, shape.n_heads = shape.n_kv_heads = 4, shape.n_ff = 256;
  shape.n_vocab = 512;
  const TemporaryFolder folder;
  write_shape(shape, mix_named("q4_k"), folder.file("model.gguf"));

  int64_t first_peak = 0, first_cache = 0;
  for (const int n_context : {512, 1024, 2048, 4096, 8192, 16384}) {
    GGUFTransformer model = GGUFTransformer::load(folder.file("model.gguf"),
                                                  {.n_threads = timed_threads, .n_context = n_context});
    std::vector<int32_t> tokens(static_cast<size_t>(n_context));
    for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<int32_t>(i * 7 % 512);
    // Prefill in batches, then one token alone, whose positions the threads share.
    model.forward(std::span(tokens).first(tokens.size() - 1), tokens.size() - 2, [](size_t, auto) {});
    model.forward(tokens, tokens.size() - 1, [](size_t, auto) {});

    const int64_t cache = static_cast<int64_t>(model.memory().kv_cache), peak = peak_resident_bytes();
    if (first_peak == 0) first_peak = peak, first_cache = cache;
    // 4 MiB more or less: two huge pages, and 16 numbers a position.
    const double beyond = static_cast<double>((peak - first_peak) - (cache - first_cache)) / 1e6;
    const double limit = (4 << 20) / 1e6 + 64e-6 * n_context;
    const double scores = 4e-6 * shape.n_heads * n_context * n_context;
    report(
        "phase 3: context %5d: cache %5.1f MB, peak resident %6.1f MB, of it scratch that a context of 512 "
        "does not take %4.1f MB (limit %.1f MB; all scores would take %6.0f MB)",
        n_context, static_cast<double>(cache) / 1e6, static_cast<double>(peak) / 1e6, beyond, limit, scores);
    EXPECT_LT(beyond, limit);
    if (n_context == 16384) {
      EXPECT_GT(peak - first_peak, (cache - first_cache) / 2) << "the peak does not show the cache";
    }
  }
}

/// tok/s >= min(25, 0.6 * the rate at which the memory delivers what a token reads)
TEST(phase3_acceptance_tokens_per_second, DecodeReaches25OrThreeFifthsOfTheBandwidth) {
  REALIZAR_TIMED_OR_SKIP();
  for (const char* name : {"phi-2", "llama-1b", "tinyllama"}) {
    const TemporaryFolder folder;
    write_shape(shape_named(name), mix_named("q4_k_m"), folder.file("model.gguf"));
    GGUFTransformer model =
        GGUFTransformer::load(folder.file("model.gguf"), {.n_threads = timed_threads, .n_context = 64});
    const BenchmarkResult result = run_benchmark(model, {.n_prompt = 0, .n_decode = 32, .n_repetitions = 3});
    const double bound = result.read_bandwidth / static_cast<double>(result.bytes_per_token);
    const double limit = std::min(25.0, 0.6 * bound), rate = result.decode.median();
    report(
        "phase 3: %s, Q4_K_M decodes %.1f tok/s (limit %.1f tok/s; %.1f GB/s allow %.1f tok/s, of which this "
        "is %.2f)",
        name, rate, limit, result.read_bandwidth / 1e9, bound, result.bandwidth_share());
    EXPECT_GE(rate, limit) << name;
  }
}

}  // namespace
}  // namespace realizar::test
