#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>

#include "fixtures/fixtures.hpp"
#include "formats/gguf.hpp"
#include "fusion/plan.hpp"
#include "model/model.hpp"
#include "model/reference_device.hpp"

// Plans of every family, and of random ops whose slots overlap in every way that passes could get wrong.
namespace realizar::model {
namespace {

using namespace fusion;

constexpr int buffer_width = 12;

struct RandomPlan {
  Plan plan;
  std::vector<std::vector<float>> values;
  std::mt19937_64 random;

  explicit RandomPlan(uint64_t seed) : random(seed) {}

  int below(int n) { return static_cast<int>(random() % static_cast<uint64_t>(n)); }

  WeightId weight(int64_t n_cols, int64_t n_rows = 1) {
    std::vector<float> v(static_cast<size_t>(n_cols * n_rows));
    for (float& x : v) x = static_cast<float>(below(2001) - 1000) / 1000;
    Weight weight;
    weight.n_cols = n_cols;
    weight.n_rows = n_rows;
    values.push_back(std::move(v));
    weight.data = std::as_bytes(std::span(values.back()));
    plan.weights.push_back(weight);
    return {static_cast<int>(plan.weights.size()) - 1};
  }

  int buffer() {
    plan.buffer_widths.push_back(buffer_width);
    return static_cast<int>(plan.buffer_widths.size()) - 1;
  }

  /// Mostly the halves of buffers and whole ones, now and then any columns; mostly of what was made last.
  Slot in(int width) {
    const int n = static_cast<int>(plan.buffer_widths.size());
    const int chosen = below(3) == 0 ? below(n) : n - 1 - below(std::min(n, 3));
    return {chosen, below(6) == 0 ? below(buffer_width - width + 1) : width == 6 ? 6 * below(2) : 0, width};
  }

  /// Mostly a new buffer.
  Slot out(int width) {
    if (below(6) == 0) return in(width);
    const int made = buffer();
    if (width < buffer_width) plan.ops.emplace_back(Embed{weight(6), {made, 6, 6}});
    return {made, 0, width};
  }

  void append() {
    const int width = below(2) == 0 ? 6 : 12;
    const Slot a = in(width), b = in(6), c = in(6), d = in(width);
    switch (below(8)) {
      case 0:
        plan.ops.emplace_back(Norm{a, out(width), NormKind::rms, weight(width), {}, 1e-5f, width});
        break;
      case 1:
        plan.ops.emplace_back(Gate{b, below(4) == 0 ? Slot{} : c, out(6), Activation::silu});
        break;
      case 2:
        plan.ops.emplace_back(Add{a, d, out(width), 0.5f});
        break;
      case 3:
        plan.ops.emplace_back(Scale{a, 0.75f});
        break;
      case 4:
        if (below(2) == 0)
          plan.ops.emplace_back(StoreKv{b, c});
        else
          plan.ops.emplace_back(Attention{b, out(6), 0, 1, 1});
        break;
      default: {
        const int n_rows = below(2) == 0 ? 6 : 12;
        plan.ops.emplace_back(
            Linear{a, out(n_rows), weight(width, n_rows), below(2) == 0 ? weight(n_rows) : WeightId{}, {}});
      }
    }
  }

  Plan make(int n_ops) {
    plan.kv = {{1, 6, 6}};
    for (int i = 0; i < 2; ++i)
      plan.ops.emplace_back(Embed{weight(buffer_width), {buffer(), 0, buffer_width}});
    plan.ops.emplace_back(StoreKv{in(6), in(6)});
    for (int i = 0; i < n_ops; ++i) append();
    for (int i = 0; i < static_cast<int>(plan.buffer_widths.size()); ++i)
      if (below(4) == 0) plan.ops.emplace_back(Logits{{i, 0, buffer_width}, weight(buffer_width, 1)});
    plan.ops.emplace_back(Logits{in(buffer_width), weight(buffer_width, 1)});
    return plan;
  }
};

RC_GTEST_PROP(FusedPlan, KeepsTheBitsOfRandomPlans, (uint32_t seed)) {
  for (uint32_t i = 0; i < 100; ++i) {
    RandomPlan random(uint64_t{seed} << 32 | i);
    const Plan plan = random.make(random.below(20));
    RC_ASSERT(reference_logits(fuse(plan), {0}) == reference_logits(plan, {0}));
  }
}

TEST(FusedPlan, KeepsTheBitsOfEveryFamily) {
  for (const test::Fixture& fixture : test::fixtures()) {
    if (fixture.kind != test::FixtureKind::family) continue;
    const std::vector<std::byte> bytes = test::write_fixture(fixture);
    const formats::Gguf file(bytes);
    const Plan plan = load_model(file).plan;
    EXPECT_EQ(reference_logits(fuse(plan), {1, 5, 3}), reference_logits(plan, {1, 5, 3})) << fixture.name;
  }
}

}  // namespace
}  // namespace realizar::model
