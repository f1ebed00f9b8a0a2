#include <string>

#include "ceilings.hpp"
#include "kv_pages.hpp"

// A key and a value of 128 columns into a page, slot after slot: a key's numbers stand 64 apart.
namespace realizar::bench {
namespace {

void store(benchmark::State& state, kernels::KvFormat format) {
  constexpr int dim = 128;
  KvPages pages(format, dim, 1);
  std::vector<float> x(dim, 0.5f);
  int slot = 0;
  const Stopwatch watch;
  for (auto _ : state) {
    pages.store(slot, x.data());
    benchmark::ClobberMemory();
    slot = (slot + 1) % kernels::kv_tile;
  }
  const double stored = static_cast<double>(pages.layout.bytes) / kernels::kv_tile;
  count(state, watch, {.bytes = 2.0 * dim * sizeof(float) + stored, .numbers = 2.0 * dim});
}

const int registered = [] {
  for (int f = 0; f < kernels::n_kv_formats; ++f)
    benchmark::RegisterBenchmark((std::string("store_kv_") + kv_format_names[f]).c_str(), store,
                                 static_cast<kernels::KvFormat>(f));
  return 0;
}();

}  // namespace
}  // namespace realizar::bench
