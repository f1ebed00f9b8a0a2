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

TEST(phase1_acceptance_fused_q4k_inference, ExactIsDequantizeThenFmaInOrder) {
  int n_cases = 0;
  for (const TensorType type : kernels::test::product_types)
    for (const auto& c : kernels::test::product_cases(type)) {
      kernels::test::check_exact(kernels::kernels(), c);
      ++n_cases;
    }
  report(
      "phase 1, %s: exact arithmetic, %d cases of %zu types: 0 bits off dequantise-then-FMA, at most 4 ULP "
      "off f32",
      instruction_set(), n_cases, std::size(kernels::test::product_types));
}

TEST(phase1_acceptance_fused_q4k_inference, FastIsIntegersWithinHalfAStepOfTheActivations) {
  int n_cases = 0;
  for (const TensorType type : kernels::test::product_types) {
    if (!kernels::is_block_format(type)) continue;
    for (const auto& c : kernels::test::product_cases(type)) {
      kernels::test::check_fast(kernels::kernels(), c);
      ++n_cases;
    }
  }
  report(
      "phase 1, %s: fast arithmetic, %d cases: 0 bits off the 64-bit model, at most (step / 2) * sum |w| off "
      "the exact dot",
      instruction_set(), n_cases);
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
  const double n_weights = static_cast<double>(inspect(folder.file("model.gguf")).parameters);
  GGUFTransformer model =
      GGUFTransformer::load(folder.file("model.gguf"), {.n_threads = timed_threads, .n_context = n_passes});

  // No f32 copy of the weights stands anywhere: they and all activations take less than eight bits a weight.
  const MemoryEstimate memory = model.memory();
  const double bits = 8 * static_cast<double>(memory.weights + memory.activations) / n_weights;
  report("phase 1: weights and activations take %.2f bits a weight (limit 8)", bits);
  EXPECT_LT(bits, 8);

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
