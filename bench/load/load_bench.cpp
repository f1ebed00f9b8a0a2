#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "backend/aligned_buffer.hpp"
#include "backend/mapped_file.hpp"
#include "backend/system.hpp"
#include "backend/thread_pool.hpp"
#include "realizar/error.hpp"
#include "realizar/transformer.hpp"

// Loading a file that stands in the page cache, until the first token, beside what it cannot do without:
// reading the file once and writing as many bytes to memory that the process did not have before.
namespace realizar {
namespace {

constexpr int n_threads = 2;

void copy(benchmark::State& state, const std::string& path) {
  backend::ThreadPool pool(n_threads);
  for (auto _ : state) {
    const backend::MappedFile file(path);
    const auto bytes = file.bytes();
    backend::AlignedBuffer memory(bytes.size(), backend::Fill::none);
    constexpr int64_t piece = int64_t{1} << 20;
    const auto size = static_cast<int64_t>(bytes.size());
    pool.parallel_for((size + piece - 1) / piece, 1, [&](int64_t begin, int64_t end) {
      const int64_t first = begin * piece, last = std::min(end * piece, size);
      std::memcpy(memory.data() + first, bytes.data() + first, static_cast<size_t>(last - first));
    });
    benchmark::DoNotOptimize(memory.data());
    state.SetBytesProcessed(state.bytes_processed() + size);
  }
}

void load(benchmark::State& state, const std::string& path) {
  const double file_bytes = static_cast<double>(backend::MappedFile(path).bytes().size());
  const double before = static_cast<double>(backend::system::memory().resident);
  for (auto _ : state) {
    GGUFTransformer model = GGUFTransformer::load(path, {.n_threads = n_threads, .n_context = 512});
    const std::vector<int32_t> prompt = {1};
    benchmark::DoNotOptimize(model.predict_next(prompt));
    state.counters["resident_to_file"] =
        (static_cast<double>(backend::system::memory().resident) - before) / file_bytes;
    state.SetBytesProcessed(state.bytes_processed() + static_cast<int64_t>(file_bytes));
  }
}

int run(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2 || argv[1][0] == '-') {
    std::fprintf(stderr,
                 "usage: bench_load [--benchmark_OPTION=...] MODEL.gguf\n"
                 "Times a copy of the file into new memory, and loading it until the first token.\n");
    return 2;
  }
  const std::string path = argv[1];
  const auto add = [&](const char* name, void (*function)(benchmark::State&, const std::string&)) {
    benchmark::RegisterBenchmark(name, function, path)->Unit(benchmark::kMillisecond)->UseRealTime();
  };
  add("copy", copy);
  add("load", load);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace realizar

int main(int argc, char** argv) {
  try {
    return realizar::run(argc, argv);
  } catch (const realizar::Error& error) {
    std::fprintf(stderr, "bench_load: %s\n", error.what());
    return 1;
  }
}
