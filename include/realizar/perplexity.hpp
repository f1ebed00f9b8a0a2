#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "realizar/transformer.hpp"

namespace realizar {

/// How well a model predicts a text.
struct Perplexity {
  double mean_negative_log_likelihood = 0;  ///< natural logarithm, a scored token
  double standard_error = 0;                ///< of that mean
  size_t n_scored = 0;                      ///< tokens
  size_t n_windows = 0;

  /// exp(mean_negative_log_likelihood)
  double value() const;
};

/// Cuts the tokens into windows of `window` ids, the rest dropped, each computed by itself. The first id of a
/// window is replaced by BOS where the vocabulary asks for BOS; the ids of its second half, from
/// window / 2 + 1 on, are scored. `progress` is called after every window with the result so far and the
/// number of windows in all; it may throw to end the work. Throws `Error`: invalid_argument for a window
/// below 4 or a text shorter than one, limit_exceeded for a window longer than the model's context.
Perplexity measure_perplexity(
    GGUFTransformer& model, std::span<const int32_t> tokens, int window = 512,
    const std::function<void(const Perplexity& so_far, size_t n_windows)>& progress = {});

}  // namespace realizar
