#include <functional>
#include <string>

#include "backend/aligned_buffer.hpp"
#include "ceilings.hpp"

// Kernels that go over the numbers of one token, for widths of a small and of a large model: their data stand
// in the first or second cache, as they do in a run.
namespace realizar::bench {
namespace {

using kernels::kernels;
using kernels::KernelTable;

/// Two inputs, weights and an output of n numbers.
struct Arrays {
  int64_t n;
  backend::AlignedBuffer memory;
  float *a, *b, *weight, *out;

  explicit Arrays(int64_t count) : n(count), memory(static_cast<size_t>(count) * 4 * sizeof(float)) {
    a = memory.as<float>().data();
    b = a + n;
    weight = b + n;
    out = weight + n;
    for (int64_t i = 0; i < 4 * n; ++i) a[i] = static_cast<float>(i % 17 - 8) / 4;
  }
};

struct Kernel {
  const char* name;
  int arrays;     // read and written
  int n_fma = 0;  // a number, where that is all it does
  std::function<void(const KernelTable&, const Arrays&)> run;

  /// Its width is that of a head, and its other arrays are angles.
  bool is_rope() const { return std::string(name).starts_with("rope"); }
};

const Kernel all[] = {
    {"dot", 2, 1,
     [](const auto& k, const Arrays& x) { benchmark::DoNotOptimize(x.out[0] = k.dot(x.a, x.b, x.n)); }},
    {"rms_norm", 3, 0,
     [](const auto& k, const Arrays& x) { k.rms_norm(x.a, x.weight, nullptr, 1e-5f, x.n, x.out); }},
    {"layer_norm", 4, 0,
     [](const auto& k, const Arrays& x) { k.layer_norm(x.a, x.weight, x.b, 1e-5f, x.n, x.out); }},
    {"add", 3, 1, [](const auto& k, const Arrays& x) { k.add(x.a, x.b, 1, x.n, x.out); }},
    // The tile (n / 16, 16) is added to rows of 16 that stand 16 apart.
    {"add_tile", 3, 1,
     [](const auto& k, const Arrays& x) {
       k.add_tile(x.a, 16, x.b, 1, static_cast<int>(x.n / 16), 16, x.out, 16);
     }},
    {"multiply", 3, 0, [](const auto& k, const Arrays& x) { k.multiply(x.a, x.b, x.n, x.out); }},
    {"scale", 2, 0, [](const auto& k, const Arrays& x) { k.scale(x.a, 0.5f, x.n, x.out); }},
    {"sigmoid", 2, 0, [](const auto& k, const Arrays& x) { k.sigmoid(x.a, x.n, x.out); }},
    // In place, over and over: both come to rest at numbers they have as good as reached.
    {"soft_cap", 2, 0, [](const auto& k, const Arrays& x) { k.soft_cap(x.a, 30, x.n); }},
    {"softmax", 2, 0, [](const auto& k, const Arrays& x) { k.softmax(x.a, x.n); }},
    // Halves and neighbours of one head of n columns; a pair takes four multiply-adds.
    {"rope_halves", 3, 2,
     [](const auto& k, const Arrays& x) { k.rope(x.a, x.b, x.weight, static_cast<int>(x.n), true); }},
    {"rope_neighbours", 3, 2,
     [](const auto& k, const Arrays& x) { k.rope(x.a, x.b, x.weight, static_cast<int>(x.n), false); }},
};

constexpr const char* activations[] = {"silu", "gelu_tanh",    "gelu_erf",  "gelu_quick",
                                       "relu", "relu_squared", "swiglu_oai"};
static_assert(std::size(activations) == kernels::n_activations);

void run(benchmark::State& state, const Kernel& kernel, int64_t n) {
  const Arrays arrays(n);
  if (kernel.is_rope())
    for (int64_t i = 0; i < n; ++i) {
      arrays.b[i] = 0.6f;  // a cosine and its sine: lengths stay what they are
      arrays.weight[i] = 0.8f;
    }
  const Stopwatch watch;
  for (auto _ : state) {
    kernel.run(kernels(), arrays);
    benchmark::ClobberMemory();
  }
  const auto numbers = static_cast<double>(n);
  count(state, watch,
        {.bytes = numbers * kernel.arrays * sizeof(float),
         .numbers = numbers,
         .macs = numbers * kernel.n_fma,
         .peak = ceilings().peaks.f32});
}

const int registered = [] {
  const auto add = [](const Kernel& kernel, int64_t n) {
    benchmark::RegisterBenchmark((kernel.name + ("/" + std::to_string(n))).c_str(), run, kernel, n);
  };
  for (const Kernel& kernel : all)
    for (const int64_t n : kernel.is_rope() ? std::vector<int64_t>{64, 128} : std::vector<int64_t>{576, 8192})
      add(kernel, n);
  for (int i = 0; i < kernels::n_activations; ++i)
    add({activations[i], 3, 0, [i](const auto& k, const Arrays& x) { k.gate[i](x.a, x.b, x.n, x.out); }},
        8192);
  return 0;
}();

}  // namespace
}  // namespace realizar::bench
