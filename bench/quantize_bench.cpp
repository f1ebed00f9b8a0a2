#include <vector>

#include "ceilings.hpp"
#include "tensor/product_input.hpp"

// Activations into int8, for formats in blocks of 32 and of 256, one token after the other as in a batch of
// 64: codes of neighbouring tokens stand together.
namespace realizar::bench {
namespace {

void quantize(benchmark::State& state, const tensor::InputForms& forms) {
  constexpr int64_t n_cols = 2048, n_tokens = 64;
  std::vector<float> row(n_cols);
  for (int64_t i = 0; i < n_cols; ++i)
    row[static_cast<size_t>(i)] = static_cast<float>(i * 37 % 101 - 50) / 16;
  tensor::ProductInput input(n_cols * n_tokens);
  input.reset(n_tokens, n_cols, forms);
  const Stopwatch watch;
  for (auto _ : state) {
    for (int64_t token = 0; token < n_tokens; ++token) input.fill(token, row);
    benchmark::ClobberMemory();
  }
  const double numbers = n_cols * n_tokens;
  count(state, watch, {.bytes = numbers * (sizeof(float) + 1), .numbers = numbers});
}

BENCHMARK_CAPTURE(quantize, blocks_of_32, {.quantized32 = true});
BENCHMARK_CAPTURE(quantize, blocks_of_256, {.quantized256 = true});

}  // namespace
}  // namespace realizar::bench
