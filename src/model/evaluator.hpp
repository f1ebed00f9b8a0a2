#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "fusion/device.hpp"
#include "model/kv_pages.hpp"

namespace realizar::model {

/// Logits of given tokens. It keeps the pages of the last sequence, so that a sequence which begins alike
/// only costs the rest.
class Evaluator {
 public:
  Evaluator(fusion::Device& device, KvPages& pages, int32_t n_vocab, size_t max_batch_tokens);
  ~Evaluator() { forget(); }
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  /// Calls `row(i, logits)` for every i in [first, n_tokens), in order; logits (n_vocab) are what follows
  /// tokens[0..i] and valid during the call. Throws limit_exceeded when the cache has too few pages.
  void evaluate(std::span<const int32_t> tokens, size_t first,
                const std::function<void(size_t i, std::span<const float> logits)>& row);

  /// Gives the pages back.
  void forget();

 private:
  void run(std::span<const int32_t> tokens, size_t first,
           const std::function<void(size_t i, std::span<const float> logits)>& row);

  fusion::Device& device_;
  KvPages& pages_;
  size_t n_vocab_;
  size_t max_batch_tokens_;
  std::optional<int32_t> sequence_;
};

}  // namespace realizar::model
