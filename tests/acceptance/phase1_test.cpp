#include <gtest/gtest.h>

#include "acceptance/timed.hpp"
#include "kernels/product_checks.hpp"
#include "realizar/benchmark.hpp"
#include "shapes/shapes.hpp"
#include "shapes/write_shape.hpp"
#include "support/temporary_folder.hpp"

// Phase 1: products with quantised weights are fused, right to the bit, and fast enough.
namespace realizar::test {
namespace {

using kernels::TensorType;

using kernels::test::ProductErrors;

TEST(phase1_acceptance_fused_q4k_inference, ExactIsDequantizeThenFmaInOrder) {
  ProductErrors errors;
  int n_cases = 0;
  for (const TensorType type : kernels::test::product_types)
    for (const auto& c : kernels::test::product_cases(type)) {
      kernels::test::check_exact(kernels::kernels(), c, errors);
      ++n_cases;
    }
  if (HasFatalFailure()) return;
  report("phase 1: exact on %s, %d cases: every bit of dequantise-then-FMA, at most %d ULP off f32 (limit 4)",
         instruction_set(), n_cases, static_cast<int>(errors.ulps));
}

TEST(phase1_acceptance_fused_q4k_inference, FastIsIntegersWithinHalfAStepOfTheActivations) {
  ProductErrors errors;
  int n_cases = 0;
  for (const TensorType type : kernels::test::product_types) {
    if (!kernels::is_block_format(type)) continue;
    for (const auto& c : kernels::test::product_cases(type)) {
      kernels::test::check_fast(kernels::kernels(), c, errors);
      ++n_cases;
    }
  }
  if (HasFatalFailure()) return;
  report(
      "phase 1: fast on %s, %d cases: every bit of the 64-bit model, at most %.2f (limit 1) times "
      "(step / 2) * sum |w| off the exact dot",
      instruction_set(), n_cases, errors.of_bound);
}

/// Four layers of width 2048 in Q4_K, with ffn_down (2048, 8192) in Q6_K.
TEST(phase1_acceptance_fused_q4k_inference, HundredPassesOfFourLayersTakeLessThanFiveSeconds) {
  REALIZAR_TIMED_OR_SKIP();
  constexpr double limit = 5;
  constexpr int n_passes = 100;
  Recipe shape = shape_named("llama-1b");
  shape.n_layers = 4;
  shape.n_vocab = 512;
  const Mix mix{.name = "q4_k, ffn_down q6_k", .base = TensorType::q4_k, .ffn_down = TensorType::q6_k};
  const TemporaryFolder folder;
  write_shape(shape, mix, folder.file("model.gguf"));
  const auto n_weights = static_cast<double>(inspect(folder.file("model.gguf")).parameters);
  GGUFTransformer model = GGUFTransformer::load(
      folder.file("model.gguf"), {.n_threads = timed_threads, .n_context = n_passes, .max_batch_tokens = 1});

  // Weights in f32 stand nowhere, not even those of one matrix (2048, 8192): they would add 2 bits.
  constexpr double most_bits = 6;
  const MemoryEstimate memory = model.memory();
  const double bits = 8 * static_cast<double>(memory.weights + memory.activations) / n_weights;
  report("phase 1: weights and activations take %.2f bits a weight (limit %.0f)", bits, most_bits);
  EXPECT_LT(bits, most_bits);

  const BenchmarkResult result =
      run_benchmark(model, {.n_prompt = 0, .n_decode = n_passes, .n_repetitions = 3});
  const double seconds = n_passes / result.decode.median();
  report(
      "phase 1: %d passes of 4 layers took %.2f s (limit %.0f s; reading their weights at %.1f GB/s takes "
      "%.2f s)",
      n_passes, seconds, limit, result.read_bandwidth / 1e9,
      n_passes * static_cast<double>(result.bytes_per_token) / result.read_bandwidth);
  EXPECT_LT(seconds, limit);
}

}  // namespace
}  // namespace realizar::test
