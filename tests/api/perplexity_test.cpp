#include "realizar/perplexity.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "api/support.hpp"

namespace realizar::test {
namespace {

TEST(Perplexity, ScoresTheSecondHalfOfEveryWindowAfterBos) {
  FakeModel fake;
  const int window = 16;
  const std::vector<int32_t> tokens = some_tokens(3 * window + 5);
  const auto n_vocab = static_cast<size_t>(fake.model->n_vocab());
  double sum = 0;
  for (int w = 0; w < 3; ++w) {
    std::vector<int32_t> ids(tokens.begin() + w * window, tokens.begin() + (w + 1) * window);
    ids[0] = 1;
    const std::vector<float> logits = fake.model->forward(ids);
    for (size_t i = window / 2 + 1; i < ids.size(); ++i) {
      double total = 0;
      for (size_t id = 0; id < n_vocab; ++id)
        total += std::exp(static_cast<double>(logits[(i - 1) * n_vocab + id]));
      sum += std::log(total) - static_cast<double>(logits[(i - 1) * n_vocab + static_cast<size_t>(ids[i])]);
    }
  }
  size_t calls = 0;
  const Perplexity result =
      measure_perplexity(*fake.model, tokens, window, [&](const Perplexity& so_far, size_t n) {
        EXPECT_EQ(so_far.n_windows, ++calls);
        EXPECT_EQ(n, 3u);
      });
  EXPECT_EQ(calls, 3u);
  EXPECT_EQ(result.n_scored, 21u);  // ids 9 to 15 of each window
  EXPECT_NEAR(result.mean_negative_log_likelihood, sum / 21, 1e-9);
  EXPECT_NEAR(result.value(), std::exp(sum / 21), 1e-6);
}

TEST(Perplexity, RefusesWindowsThatCannotBe) {
  FakeModel fake({.n_context = 64});
  const auto measure = [&](size_t n_tokens, int window) {
    return error_of([&] { measure_perplexity(*fake.model, some_tokens(n_tokens), window); });
  };
  EXPECT_EQ(measure(100, 3), ErrorKind::invalid_argument);
  EXPECT_EQ(measure(31, 32), ErrorKind::invalid_argument);
  EXPECT_EQ(measure(200, 128), ErrorKind::limit_exceeded);
  EXPECT_EQ(measure(200, 64), std::nullopt);
}

}  // namespace
}  // namespace realizar::test
