#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "backend/topology.hpp"
#include "ceilings.hpp"
#include "kernels/dequantize.hpp"
#include "tensor/matrix.hpp"

// Products of one thread, for each type, those of block formats in both arithmetics: one token over weights
// that stand in memory (a thread's share of decode, in bytes of packed weights), one token over weights that
// stand in the cache (what the kernel could do), and 64 tokens (prefill, in multiply-adds).
namespace realizar {
namespace {

using kernels::TensorType;

struct Product {
  tensor::ProductInput input;
  std::vector<float> out;
  backend::ThreadPool pool{1};

  void run(benchmark::State& state, const tensor::Matrix& matrix, int64_t n_tokens) {
    input = tensor::ProductInput(n_tokens * matrix.n_cols());
    input.reset(n_tokens, matrix.n_cols(), matrix.forms());
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> row(static_cast<size_t>(matrix.n_cols()));
    for (int64_t t = 0; t < n_tokens; ++t) {
      for (float& x : row) x = normal(random);
      input.fill(t, row);
    }
    float sum = 0;
    const bench::Stopwatch watch;
    for (auto _ : state)
      matrix.matmul(input, {0, matrix.panels_per_matrix(), 0, n_tokens},
                    [&](int64_t, int, int64_t, int, const float* tile) { sum += tile[0]; });
    benchmark::DoNotOptimize(sum);
    const tensor::Peaks& peaks = bench::ceilings().peaks;
    bench::count(state, watch,
                 {.bytes = static_cast<double>(matrix.bytes()),
                  .macs = static_cast<double>(matrix.n_rows() * matrix.n_cols() * n_tokens),
                  .peak = matrix.forms().floats  ? peaks.f32
                          : matrix.forms().int16 ? peaks.int8 / 2
                                                 : peaks.int8});
  }
};

/// Random blocks. What they stand for does not matter to the time, as long as any scale that is made of their
/// bytes is an ordinary number: denormal ones take some processors hundreds of cycles.
std::vector<std::byte> random_file(TensorType type, int64_t n_weights) {
  std::mt19937 random(2);
  std::vector<std::byte> some(size_t{1} << 16);
  for (std::byte& b : some) b = static_cast<std::byte>(0x20 | (random() & 0x1f));
  std::vector<std::byte> file(
      static_cast<size_t>(n_weights / kernels::info(type).block * kernels::info(type).bytes));
  for (size_t at = 0; at < file.size(); at += some.size())
    std::copy_n(some.begin(), std::min(some.size(), file.size() - at),
                file.begin() + static_cast<ptrdiff_t>(at));
  return file;
}

void products(benchmark::State& state, TensorType type, tensor::Arithmetic arithmetic, int64_t n_rows,
              int64_t n_cols, int64_t n_tokens) {
  Product product;
  const auto file = random_file(type, n_rows * n_cols);
  product.run(state, tensor::Matrix(type, n_rows, n_cols, 1, file, arithmetic, product.pool), n_tokens);
}

/// Rows of 2048 columns that the last cache holds half of at most.
int64_t rows_beyond_caches(TensorType type) {
  const double row_bytes =
      2048.0 / kernels::info(type).block * static_cast<double>(kernels::info(type).bytes);
  return std::max<int64_t>(
      65536, static_cast<int64_t>(2 * static_cast<double>(backend::topology().l3_bytes) / row_bytes));
}

void add(TensorType type, tensor::Arithmetic arithmetic, const std::string& name) {
  const auto add_one = [&](const char* what, int64_t n_rows, int64_t n_tokens) {
    benchmark::RegisterBenchmark((name + what).c_str(), products, type, arithmetic, n_rows, 2048, n_tokens);
  };
  add_one("/decode_memory", rows_beyond_caches(type), 1);
  add_one("/decode_cache", 256, 1);
  add_one("/prefill", 512, 64);
}

const int registered = [] {
  for (int i = 0; i < kernels::KernelTable::n_types; ++i) {
    if (!kernels::kernels().exact[i]) continue;
    const auto type = static_cast<TensorType>(i);
    const std::string name = kernels::info(type).name;
    const bool fast = kernels::kernels().fast[i] != nullptr;
    if (fast) add(type, tensor::Arithmetic::fast, name);
    add(type, tensor::Arithmetic::exact, fast ? name + "/exact" : name);
  }
  return 0;
}();

}  // namespace
}  // namespace realizar
