#include "model/evaluator.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "model/fake_device.hpp"
#include "realizar/error.hpp"

namespace realizar::model {
namespace {

constexpr int32_t n_known = 5;

std::vector<float> rows(Evaluator& evaluator, std::span<const int32_t> tokens, size_t first) {
  std::vector<float> all;
  size_t expected = first;
  evaluator.evaluate(tokens, first, [&](size_t i, std::span<const float> logits) {
    EXPECT_EQ(i, expected++);
    all.insert(all.end(), logits.begin(), logits.end());
  });
  EXPECT_EQ(expected, tokens.size());
  return all;
}

TEST(Evaluator, RowsDoNotDependOnBatchesNorOnWhatWasEvaluatedBefore) {
  EXPECT_TRUE(rc::check([] {
    FakeDevice device(n_known, 8);
    KvPages pages(8);
    Evaluator evaluator(device, pages, n_known, *rc::gen::inRange<size_t>(1, 100));
    for (int i = 0; i < 3; ++i) {
      std::vector<int32_t> tokens(*rc::gen::inRange<size_t>(1, 200), 1);
      tokens[*rc::gen::inRange<size_t>(0, tokens.size())] = 2;
      const size_t first = *rc::gen::inRange<size_t>(0, tokens.size());
      FakeDevice fresh_device(n_known, 8);
      KvPages fresh_pages(8);
      Evaluator fresh(fresh_device, fresh_pages, n_known, 512);
      RC_ASSERT(rows(evaluator, tokens, first) == rows(fresh, tokens, first));
    }
    evaluator.forget();
    RC_ASSERT(pages.n_available() == pages.n_pages());
  }));
}

TEST(Evaluator, ALongerSequenceCostsTheRestOnly) {
  FakeDevice device(n_known, 8);
  KvPages pages(8);
  Evaluator evaluator(device, pages, n_known, 512);
  std::vector<int32_t> tokens(100, 1);
  rows(evaluator, tokens, 99);
  tokens.push_back(2);
  rows(evaluator, tokens, 100);
  EXPECT_EQ(device.n_tokens, 101u);
}

TEST(Evaluator, RefusesWhatCannotBeEvaluated) {
  FakeDevice device(n_known, 1);
  KvPages pages(1);
  Evaluator evaluator(device, pages, n_known, 512);
  const auto ignore = [](size_t, std::span<const float>) {};
  EXPECT_THROW(evaluator.evaluate({}, 0, ignore), Error);
  EXPECT_THROW(evaluator.evaluate(std::vector<int32_t>{n_known}, 0, ignore), Error);
  EXPECT_THROW(evaluator.evaluate(std::vector<int32_t>(65, 1), 0, ignore), Error);
  EXPECT_EQ(pages.n_available(), 1);
}

}  // namespace
}  // namespace realizar::model
