#include <algorithm>
#include <cstdio>
#include <exception>
#include <random>
#include <string>
#include <vector>

#include "gpu/gpu_ceilings.hpp"
#include "gpu/quantized_products.hpp"
#include "gpu/webgpu/gpu_clock.hpp"

// bench_gpu [GPU]: what a GPU does at best, and how near products with quantised weights come to it: one
// token (bytes of weights a second) and many (multiply-adds a second), each as a chain of 20 in one pass.
namespace realizar::gpu {
namespace {

using kernels::TensorType;

struct Shape {
  int64_t n_rows, n_cols;
};

/// Random blocks; what they stand for does not matter to the time.
std::vector<std::byte> random_file(TensorType type, int64_t n_weights) {
  std::mt19937 random(1);
  std::vector<std::byte> file(
      static_cast<size_t>(n_weights / kernels::info(type).block * kernels::info(type).bytes));
  for (std::byte& b : file) b = static_cast<std::byte>(0x20 | (random() & 0x1f));
  return file;
}

class Bench {
 public:
  explicit Bench(const std::string& name)
      : device_(webgpu::Device::open(name)), pool_(device_), sender_(*device_), products_(device_, pool_) {}

  void run() {
    ceilings_ = measure_ceilings(*device_, pool_);
    std::printf("%s: reads %.0f GB/s, dispatch %.2f us, encode %.2f us, submit and wait %.0f us\n",
                device_->gpu().name.c_str(), ceilings_.read_bandwidth * 1e-9,
                ceilings_.dispatch_seconds * 1e6, ceilings_.encode_seconds * 1e6,
                ceilings_.submit_seconds * 1e6);
    std::printf("%-6s %14s %6s %10s %10s %9s %9s\n", "type", "rows x columns", "tokens", "us", "GB/s",
                "of reads", "TMAC/s");
    for (const TensorType type : {TensorType::q4_k, TensorType::q6_k, TensorType::q4_0, TensorType::q8_0})
      for (const Shape shape : {Shape{14336, 4096},
                                {4096, 14336},
                                {4096, 4096},
                                {7680, 2560},
                                {2560, 10240},
                                {2560, 2560},
                                {51200, 2560}})
        multiply(type, shape);
  }

 private:
  void multiply(TensorType type, Shape shape) {
    if (shape.n_cols % kernels::info(type).block != 0) return;
    // As many matrices as no cache holds.
    constexpr uint64_t beyond_caches = 256 << 20;
    const auto file = random_file(type, shape.n_rows * shape.n_cols);
    std::vector<GpuMatrix> weights;
    for (uint64_t bytes = 0; bytes < beyond_caches; bytes += weights.back().bytes())
      weights.emplace_back(sender_, pool_, type, shape.n_cols, std::vector<MatrixRows>{{file, shape.n_rows}});
    for (const int64_t n_tokens : {1, 8, 32, 512}) {
      const double seconds = chain(weights, n_tokens);
      const double bytes = static_cast<double>(weights[0].bytes()) / seconds;
      std::printf("%-6s %7lld x %-6lld %4lld %10.1f %10.0f %8.0f%% %9.2f\n", kernels::info(type).name,
                  static_cast<long long>(shape.n_rows), static_cast<long long>(shape.n_cols),
                  static_cast<long long>(n_tokens), seconds * 1e6, bytes * 1e-9,
                  100 * bytes / ceilings_.read_bandwidth,
                  static_cast<double>(shape.n_rows * shape.n_cols * n_tokens) / seconds * 1e-12);
      std::fflush(stdout);
    }
  }

  /// Seconds of the GPU for one product.
  double chain(const std::vector<GpuMatrix>& weights, int64_t n_tokens) {
    constexpr size_t n_products = 20;
    const GpuBuffer x = pool_.acquire(static_cast<uint64_t>(n_tokens * weights[0].n_cols()) * 4),
                    out = pool_.acquire(static_cast<uint64_t>(n_tokens * weights[0].n_rows()) * 4);
    // GPUs that had nothing to do are slow for a while.
    constexpr double least_seconds = 0.03;
    double best = 1e9, busy = 0;
    while (busy < least_seconds) {
      webgpu::GpuClock clock(*device_, 1);
      webgpu::Recording quantizing(*device_), multiplying(*device_);
      const GpuTokens tokens =
          products_.quantize(quantizing, x.binding(), {0, static_cast<uint32_t>(weights[0].n_cols())},
                             n_tokens, weights[0].n_cols(), weights[0].layout().block);
      for (size_t j = 0; j < n_products; ++j)
        products_.multiply(multiplying, tokens, weights[j % weights.size()], out.binding(),
                           {0, static_cast<uint32_t>(weights[0].n_rows())});
      webgpu::Commands commands(*device_);
      commands.run(quantizing);
      clock.start(commands, 0);
      commands.run(multiplying);
      clock.stop(commands);
      clock.finish(commands);
      device_->submit(std::move(commands));
      const double seconds = clock.seconds().at(0);
      busy += seconds;
      best = std::min(best, seconds / static_cast<double>(n_products));
    }
    return best;
  }

  std::shared_ptr<webgpu::Device> device_;
  GpuBufferPool pool_;
  WeightSender sender_;
  QuantizedProducts products_;
  GpuCeilings ceilings_;
};

}  // namespace
}  // namespace realizar::gpu

int main(int argc, char** argv) {
  try {
    realizar::gpu::Bench(argc > 1 ? argv[1] : "auto").run();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_gpu: %s\n", error.what());
    return 1;
  }
}
