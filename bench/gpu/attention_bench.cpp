#include <algorithm>
#include <cstdio>
#include <exception>
#include <numeric>
#include <string>
#include <vector>

#include "base/quotient.hpp"
#include "gpu/gpu_ceilings.hpp"
#include "gpu/plan/attention_recorder.hpp"
#include "gpu/plan/plan_recorder.hpp"
#include "gpu/webgpu/gpu_clock.hpp"

// bench_gpu_attention [GPU [MODEL]]: the time of attention a layer, in a chain of layers in one pass, for
// heads of several models: tokens of one sequence or of many, behind so many positions. Beside it the bytes
// of keys and values a second against what the GPU reads at best, and multiply-adds a second.
namespace realizar::gpu {
namespace {

using fusion::KvType;

struct Heads {
  const char* model;
  int n_heads, n_kv_heads, key_dim, value_dim, out_dim;
};

/// A batch of `n_sequences` with so many tokens each behind `depth` positions.
struct Load {
  int n_sequences, n_tokens, depth;
};

class Bench {
 public:
  explicit Bench(const std::string& name)
      : device_(webgpu::Device::open(name)),
        pool_(device_),
        kernels_(*device_),
        products_(device_, pool_),
        read_bandwidth_(measure_ceilings(*device_, pool_).read_bandwidth) {}

  /// Of all models, or of those whose name begins so.
  void run(const std::string& model) {
    std::printf("%s: reads %.0f GB/s\n", device_->gpu().name.c_str(), read_bandwidth_ * 1e-9);
    std::printf("%-12s %-5s %9s %6s %6s %10s %8s %9s %8s\n", "heads of", "kv", "sequences", "tokens", "depth",
                "us a layer", "GB/s", "of reads", "TMAC/s");
    constexpr Heads llama_8b{"llama-8b", 32, 8, 128, 128, 128}, llama_1b{"llama-1b", 32, 8, 64, 64, 64},
        phi_2{"phi-2", 32, 32, 80, 80, 80}, latent{"deepseek2", 16, 1, 576, 0, 512};
    for (const Heads& heads : {llama_8b, llama_1b, phi_2, latent}) {
      if (!std::string(heads.model).starts_with(model)) continue;
      for (const int depth : {0, 100, 250, 500, 1000, 2000, 4096, 8192})
        measure(heads, KvType::f16, {1, 1, depth});
      for (const int depth : {100, 500, 2000, 4096}) measure(heads, KvType::f16, {32, 1, depth});
      for (const int depth : {0, 4096}) measure(heads, KvType::f16, {1, 512, depth});
    }
    if (!model.empty()) return;
    for (const KvType kv : {KvType::f32, KvType::q8_0})
      for (const Load load : {Load{1, 1, 8192}, {32, 1, 2000}, {1, 512, 0}}) measure(llama_8b, kv, load);
  }

 private:
  void measure(const Heads& heads, KvType kv, const Load& load) {
    const int n_positions = load.depth + load.n_tokens;
    const auto n_pages = static_cast<int>(quotient_up(n_positions, fusion::page_positions));
    const fusion::KvShape shape{heads.n_kv_heads, heads.key_dim, heads.value_dim};
    const uint64_t position_bytes =
        uint64_t{16} * static_cast<uint64_t>(heads.n_kv_heads * gpu_kv_layout(shape, kv).head_units) /
        fusion::page_positions;
    // As many layers as no cache holds, or as most models have.
    constexpr uint64_t beyond_caches = uint64_t{2} << 30;
    const uint64_t layer_bytes =
        position_bytes * static_cast<uint64_t>(n_pages * load.n_sequences * fusion::page_positions);
    const auto n_layers = static_cast<int>(std::clamp<uint64_t>(beyond_caches / layer_bytes, 2, 32));
    const fusion::Plan plan = make_plan(heads, n_layers);

    fusion::DeviceOptions options;
    const GpuWeights weights(*device_, pool_, plan, options, {});
    PlanBuffers buffers(*device_, pool_, plan, options);
    GpuKvCache cache(*device_, pool_, plan.kv, kv);
    cache.reserve(n_pages * load.n_sequences);
    const int64_t n_tokens = int64_t{load.n_sequences} * load.n_tokens;
    send(buffers, load, n_pages);
    const webgpu::Recording recording =
        record(*device_, {plan, weights, buffers, cache, products_, kernels_, {}, {}, {}},
               {n_tokens, 0, attention_splits(n_tokens, n_positions - 1)});
    const double seconds = time(recording) / n_layers;

    double seen = 0;  // positions, of all tokens
    for (int t = 0; t < load.n_tokens; ++t) seen += load.n_sequences * (load.depth + t + 1.0);
    const double bytes = static_cast<double>(position_bytes) * load.n_sequences * n_positions,
                 macs = seen * heads.n_heads * (heads.key_dim + heads.out_dim);
    constexpr const char* kv_names[] = {"f16", "f32", "q8_0"};
    std::printf("%-12s %-5s %9d %6d %6d %10.1f %8.0f %8.0f%% %8.2f\n", heads.model,
                kv_names[static_cast<int>(kv)], load.n_sequences, load.n_tokens, load.depth, seconds * 1e6,
                bytes / seconds * 1e-9, 100 * bytes / seconds / read_bandwidth_, macs / seconds * 1e-12);
    std::fflush(stdout);
  }

  static fusion::Plan make_plan(const Heads& heads, int n_layers) {
    fusion::Plan plan;
    plan.buffer_widths = {heads.n_heads * heads.key_dim, heads.n_heads * heads.out_dim};
    for (int layer = 0; layer < n_layers; ++layer) {
      plan.kv.push_back({heads.n_kv_heads, heads.key_dim, heads.value_dim});
      plan.ops.emplace_back(fusion::Attention{.q = {0, 0, plan.buffer_widths[0]},
                                              .out = {1, 0, plan.buffer_widths[1]},
                                              .layer = layer,
                                              .n_heads = heads.n_heads,
                                              .scale = 0.1f});
    }
    return plan;
  }

  static void send(PlanBuffers& buffers, const Load& load, int n_pages) {
    std::vector<int32_t> pages(static_cast<size_t>(n_pages * load.n_sequences)), positions, sequences;
    std::iota(pages.begin(), pages.end(), 0);
    std::vector<std::span<const int32_t>> tables;
    for (int s = 0; s < load.n_sequences; ++s) {
      tables.push_back(
          std::span(pages).subspan(static_cast<size_t>(s * n_pages), static_cast<size_t>(n_pages)));
      for (int t = 0; t < load.n_tokens; ++t) {
        positions.push_back(load.depth + t);
        sequences.push_back(s);
      }
    }
    const std::vector<int32_t> tokens(positions.size());
    buffers.send({tokens, positions, sequences, {}, tables}, {});
  }

  /// Seconds of the GPU, the best of some runs.
  double time(const webgpu::Recording& recording) {
    double best = 1e9;
    for (int i = 0; i < 4; ++i) {
      webgpu::GpuClock clock(*device_, 1);
      webgpu::Commands commands(*device_);
      clock.start(commands, 0);
      commands.run(recording);
      clock.stop(commands);
      clock.finish(commands);
      device_->submit(std::move(commands));
      best = std::min(best, clock.seconds().at(0));
    }
    return best;
  }

  std::shared_ptr<webgpu::Device> device_;
  GpuBufferPool pool_;
  webgpu::KernelCache kernels_;
  QuantizedProducts products_;
  double read_bandwidth_;
};

}  // namespace
}  // namespace realizar::gpu

int main(int argc, char** argv) {
  try {
    realizar::gpu::Bench(argc > 1 ? argv[1] : "auto").run(argc > 2 ? argv[2] : "");
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_gpu_attention: %s\n", error.what());
    return 1;
  }
}
