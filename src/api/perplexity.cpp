#include "realizar/perplexity.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.hpp"

namespace realizar {
namespace {

/// -log softmax(logits)[id]
double negative_log_likelihood(std::span<const float> logits, int32_t id) {
  const auto highest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - highest);
  return highest + std::log(sum) - static_cast<double>(logits[static_cast<size_t>(id)]);
}

}  // namespace

double Perplexity::value() const { return std::exp(mean_negative_log_likelihood); }

Perplexity measure_perplexity(GGUFTransformer& model, std::span<const int32_t> tokens, int window,
                              const std::function<void(const Perplexity&, size_t)>& progress) {
  require(window >= 4, ErrorKind::invalid_argument, "a window of ", window,
          " tokens is too short to score its second half: give at least 4");
  const auto size = static_cast<size_t>(window);
  require(tokens.size() >= size, ErrorKind::invalid_argument, "the text has ", tokens.size(),
          " tokens, fewer than one window of ", window, ": give a longer text or a smaller window");
  const size_t n_windows = tokens.size() / size;
  Perplexity result;
  double sum = 0, sum_of_squares = 0;
  for (size_t w = 0; w < n_windows; ++w) {
    const auto begin = tokens.begin() + static_cast<std::ptrdiff_t>(w * size);
    std::vector<int32_t> ids(begin, begin + window);
    if (model.has_tokenizer() && model.tokenizer().wants_bos()) ids.front() = model.tokenizer().bos();
    // What follows the last id is not scored.
    const std::span<const int32_t> input(ids.data(), size - 1);
    model.forward(input, size / 2, [&](size_t i, std::span<const float> logits) {
      const double value = negative_log_likelihood(logits, ids[i + 1]);
      sum += value;
      sum_of_squares += value * value;
      ++result.n_scored;
    });
    const auto n = static_cast<double>(result.n_scored);
    result.n_windows = w + 1;
    result.mean_negative_log_likelihood = sum / n;
    const double variance =
        sum_of_squares / n - result.mean_negative_log_likelihood * result.mean_negative_log_likelihood;
    result.standard_error = std::sqrt(std::max(variance, 0.0) / n);
    if (progress) progress(result, n_windows);
  }
  return result;
}

}  // namespace realizar
