#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include "acceptance/timed.hpp"
#include "realizar/benchmark.hpp"
#include "shapes/shapes.hpp"
#include "shapes/write_shape.hpp"
#include "support/temporary_folder.hpp"

// Phase 2: the memory hierarchy serves a model of a billion weights.
namespace realizar::test {
namespace {

TEST(phase2_acceptance_memory_hierarchy, APassTakesLessThanASecondAndAContextOf2048LessThanThirty) {
  REALIZAR_TIMED_OR_SKIP();
  constexpr int n_context = 2048, n_passes = 5;
  constexpr double pass_limit = 1, context_limit = 30;
  const TemporaryFolder folder;
  write_shape(shape_named("llama-1b"), mix_named("q4_k_m"), folder.file("model.gguf"));
  GGUFTransformer model = GGUFTransformer::load(
      folder.file("model.gguf"), {.n_threads = timed_threads, .n_context = n_context + n_passes});

  std::vector<int32_t> tokens(n_context + n_passes);
  std::iota(tokens.begin(), tokens.end(), 1000);
  const auto compute = [&](size_t n_tokens) {  // what the last call has not computed
    return seconds_of(
        [&] { model.forward(std::span(tokens).first(n_tokens), n_tokens - 1, [](size_t, auto) {}); });
  };
  const double context = compute(n_context);
  double slowest = 0;
  for (int i = 1; i <= n_passes; ++i)
    slowest = std::max(slowest, compute(static_cast<size_t>(n_context + i)));

  const double bandwidth = measure_read_bandwidth(timed_threads);
  report("phase 2: a context of %d tokens took %.2f s (limit %.0f s), %.0f tok/s", n_context, context,
         context_limit, n_context / context);
  report(
      "phase 2: the slowest of %d passes after it took %.0f ms (limit %.0f ms; reading its weights, keys and "
      "values at %.1f GB/s takes %.0f ms)",
      n_passes, 1e3 * slowest, 1e3 * pass_limit, bandwidth / 1e9,
      1e3 * static_cast<double>(model.bytes_per_token(n_context)) / bandwidth);
  EXPECT_LT(context, context_limit);
  EXPECT_LT(slowest, pass_limit);
}

}  // namespace
}  // namespace realizar::test
