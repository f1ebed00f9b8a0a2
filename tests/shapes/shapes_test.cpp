#include "shapes/shapes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "realizar/transformer.hpp"
#include "shapes/write_shape.hpp"
#include "support/temporary_folder.hpp"

namespace realizar::test {
namespace {

/// The same with few and narrow layers, which still fill super-blocks.
Recipe small(Recipe shape) {
  shape.n_layers = 2, shape.n_embd = 256, shape.n_heads = 4, shape.n_kv_heads = 2;
  shape.n_ff = 512, shape.n_vocab = 300, shape.n_context = 64;
  shape.n_rot = std::min(shape.n_rot, 64);
  shape.experts.ff = shape.experts ? shape.n_ff : 0;
  return shape;
}

void expect_it_computes(const Recipe& shape, const Mix& mix) {
  const TemporaryFolder folder;
  const std::string path = folder.file("model.gguf");
  write_shape(shape, mix, path);
  GGUFTransformer model = GGUFTransformer::load(path, {.n_threads = 1});
  const std::vector<int32_t> tokens = {1, 2, 3};
  const std::vector<float> logits = model.forward(tokens);
  EXPECT_EQ(logits.size(), tokens.size() * static_cast<size_t>(shape.n_vocab));
  EXPECT_TRUE(std::ranges::all_of(logits, [](float x) { return std::isfinite(x); }));
}

TEST(Shapes, OfEveryMixAreLoadedAndComputed) {
  for (const Mix& mix : mixes()) {
    SCOPED_TRACE(mix.name);
    expect_it_computes(small(shape_named("llama-1b")), mix);
  }
}

TEST(Shapes, OfEveryNameAreLoadedAndComputed) {
  for (const Recipe& shape : shapes()) {
    SCOPED_TRACE(shape.name);
    expect_it_computes(small(shape), mix_named("q4_k_m"));
  }
}

}  // namespace
}  // namespace realizar::test
