#include "gpu/plan/embed_recorder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "gpu/gpu_device.hpp"
#include "gpu/software_gpu.hpp"
#include "kernels/random_inputs.hpp"
#include "support/test_name.hpp"

namespace realizar::gpu {
namespace {

using kernels::TensorType;
using kernels::test::RandomMatrix;

constexpr int width = 512, n_rows = 100;

class Embeddings : public GpuTest, public testing::WithParamInterface<TensorType> {
 protected:
  /// Rows of a table that are looked up and come out as logits, by a product with the matrix 1.
  std::vector<float> look_up(const RandomMatrix& table, const std::vector<int32_t>& tokens) {
    std::vector<float> one(width * width);
    for (size_t i = 0; i < width; ++i) one[i * width + i] = 1;
    fusion::Plan plan;
    plan.buffer_widths = {width};
    plan.n_vocab = width;
    plan.weights = {{.name = "table",
                     .type = table.type,
                     .n_cols = width,
                     .n_rows = n_rows,
                     .data = std::as_bytes(std::span(table.file))},
                    {.name = "one", .n_cols = width, .n_rows = width, .data = std::as_bytes(std::span(one))}};
    const fusion::Slot x{0, 0, width};
    plan.ops.emplace_back(fusion::Embed{.table = {0}, .out = x, .scale = 2});
    plan.ops.emplace_back(fusion::Logits{.in = x, .weight = {1}});
    const auto device = make_gpu_device(std::move(plan), {.max_batch_tokens = 16}, device_);
    device->reserve_kv(1);
    std::vector<int32_t> positions(tokens.size()), sequences(tokens.size());
    std::iota(positions.begin(), positions.end(), 0);
    const std::vector<uint8_t> wants(tokens.size(), 1);
    const std::vector<int32_t> page = {0};
    const std::vector<std::span<const int32_t>> tables = {page};
    const auto rows = device->run({tokens, positions, sequences, wants, tables});
    return {rows.begin(), rows.end()};
  }
};

TEST_P(Embeddings, AreTheRowsOfTheFileUpToTheirLastPlaces) {
  std::mt19937 random(5);
  const RandomMatrix table(random, GetParam(), n_rows, width, /*sane=*/true);
  const std::vector<int32_t> tokens = {0, 99, 31, 32, 63, 64, 64, 1, 98};
  const std::vector<float> rows = look_up(table, tokens);
  for (size_t t = 0; t < tokens.size(); ++t)
    for (size_t i = 0; i < width; ++i) {
      const float expected = 2 * table.values[static_cast<size_t>(tokens[t]) * width + i];
      ASSERT_NEAR(rows[t * width + i], expected, 1e-5 * (1 + std::abs(expected)))
          << "token " << tokens[t] << ", column " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Types, Embeddings, testing::ValuesIn(kernels::test::product_types),
                         [](const auto& type) { return test::test_name(kernels::info(type.param).name); });

}  // namespace
}  // namespace realizar::gpu
