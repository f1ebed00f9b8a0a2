#include <benchmark/benchmark.h>

#include <vector>

#include "tensor/matrix.hpp"

// What the checks of the tensor layer cost: a product of 576 x 576 weights in Q4_1 with one token (the
// smallest that the default model has) through Matrix::matmul, and by the kernel alone.
namespace realizar {
namespace {

constexpr int64_t n = 576;

struct Setting {
  backend::ThreadPool pool{1};
  std::vector<std::byte> file = std::vector<std::byte>(n * n / 32 * 20, std::byte{0x11});
  tensor::Matrix matrix{kernels::TensorType::q4_1, n, n, 1, file, tensor::Arithmetic::fast, pool};
  tensor::ProductInput input{n};
  float sum = 0;

  Setting() {
    input.reset(1, n, matrix.forms());
    input.fill(0, std::vector<float>(n, 1.0f));
  }
};

void through_the_door(benchmark::State& state) {
  Setting s;
  for (auto _ : state)
    s.matrix.matmul(s.input, {0, s.matrix.panels_per_matrix(), 0, 1},
                    [&](int64_t, int, int64_t, int, const float* tile) { s.sum += tile[0]; });
  benchmark::DoNotOptimize(s.sum);
}

void kernel_alone(benchmark::State& state) {
  Setting s;
  const auto kernel = kernels::kernels().fast[static_cast<int>(kernels::TensorType::q4_1)];
  const size_t panel_bytes = kernels::panel_bytes(kernels::TensorType::q4_1, n);
  const backend::AlignedBuffer panels(static_cast<size_t>(s.matrix.panels_per_matrix()) * panel_bytes);
  alignas(64) float tile[kernels::panel_rows];
  for (auto _ : state)
    for (int64_t p = 0; p < s.matrix.panels_per_matrix(); ++p) {
      kernel(panels.as<uint8_t>().data() + static_cast<size_t>(p) * panel_bytes, 1, n,
             s.input.quantized({.quantized32 = true}), 0, 1, tile);
      s.sum += tile[0];
    }
  benchmark::DoNotOptimize(s.sum);
}

BENCHMARK(through_the_door);
BENCHMARK(kernel_alone);

}  // namespace
}  // namespace realizar
