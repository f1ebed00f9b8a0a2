#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "acceptance/timed.hpp"
#include "realizar/benchmark.hpp"
#include "realizar/devices.hpp"
#include "realizar/error.hpp"
#include "shapes/shapes.hpp"
#include "shapes/write_shape.hpp"
#include "support/temporary_folder.hpp"

// Phase 4: a model on a GPU through WebGPU, from its file to the next token.
namespace realizar::test {
namespace {

/// tok/s >= 25 with the phi-2 shape on a real GPU. Where there is none, a small model goes the same way on
/// the GPU that the processor plays, and its rate means nothing.
TEST(phase4_acceptance_gpu_throughput, DecodeReaches25TokensASecond) {
  REALIZAR_TIMED_OR_SKIP();
  const GpuList list = list_gpus();
  const bool real = list.automatic >= 0;
  const bool software = std::ranges::any_of(
      list.gpus, [](const Gpu& gpu) { return gpu.type == GpuType::software && gpu.problem.empty(); });
  if (!real && !software)
    GTEST_SKIP() << "no GPU: " << (list.problem.empty() ? "none can be used" : list.problem);

  Recipe shape = shape_named(real ? "phi-2" : "llama-1b");
  if (!real) {
    shape.n_layers = 2, shape.n_embd = 256, shape.n_heads = shape.n_kv_heads = 4, shape.n_ff = 512;
    shape.n_vocab = 512;
  }
  const TemporaryFolder folder;
  write_shape(shape, mix_named("q4_k_m"), folder.file("model.gguf"));
  GGUFTransformer model = GGUFTransformer::load(
      folder.file("model.gguf"),
      {.device = DeviceChoice::gpu, .gpu = real ? "auto" : "software", .n_context = 256});
  const BenchmarkResult result =
      run_benchmark(model, {.n_prompt = 0, .n_decode = real ? 128 : 16, .n_repetitions = 3});
  const double rate = result.decode.median();
  if (real) {
    report("phase 4: phi-2, Q4_K_M decodes %.1f tok/s on %s (limit 25 tok/s)", rate, model.device().c_str());
    EXPECT_GE(rate, 25);
  } else {
    report("phase 4: no real GPU; a model of two layers decodes %.1f tok/s on %s, which is held to nothing",
           rate, model.device().c_str());
    EXPECT_GT(rate, 0);
  }
}

}  // namespace
}  // namespace realizar::test
