#include "model/evaluator.hpp"

#include <algorithm>
#include <vector>

#include "base/error.hpp"

namespace realizar::model {

Evaluator::Evaluator(fusion::Device& device, KvPages& pages, int32_t n_vocab, size_t max_batch_tokens)
    : device_(device),
      pages_(pages),
      n_vocab_(static_cast<size_t>(n_vocab)),
      max_batch_tokens_(max_batch_tokens) {}

void Evaluator::evaluate(std::span<const int32_t> tokens, size_t first,
                         const std::function<void(size_t i, std::span<const float> logits)>& row) {
  require(!tokens.empty() && first < tokens.size(), ErrorKind::invalid_argument,
          "no tokens to evaluate: give at least one");
  for (size_t i = 0; i < tokens.size(); ++i)
    require(tokens[i] >= 0 && static_cast<size_t>(tokens[i]) < n_vocab_, ErrorKind::invalid_argument,
            "token ", tokens[i], " at position ", i, " is outside the vocabulary of ", n_vocab_);
  try {
    run(tokens, first, row);
  } catch (...) {
    forget();  // some of its positions may not have been computed
    throw;
  }
}

void Evaluator::run(std::span<const int32_t> tokens, size_t first,
                    const std::function<void(size_t i, std::span<const float> logits)>& row) {
  if (!sequence_) {
    sequence_ = pages_.create();
    pages_.reuse_prefix(*sequence_, tokens, first);
  }
  const std::span<const int32_t> before = pages_.tokens(*sequence_);
  const size_t alike = static_cast<size_t>(
      std::mismatch(tokens.begin(), tokens.end(), before.begin(), before.end()).first - tokens.begin());
  pages_.truncate(*sequence_, std::min(alike, first));

  std::vector<int32_t> positions, rows;
  std::vector<uint8_t> wants_logits;
  std::vector<KvPages::Copy> copies;
  for (size_t start = pages_.tokens(*sequence_).size(); start < tokens.size();) {
    const std::span<const int32_t> part =
        tokens.subspan(start, std::min(max_batch_tokens_, tokens.size() - start));
    copies.clear();
    require(pages_.extend(*sequence_, part, copies), ErrorKind::limit_exceeded,
            "the KV cache has no room for ", tokens.size(),
            " positions: load the model with a larger context");
    for (const KvPages::Copy& copy : copies) device_.copy_page(copy.from, copy.to);
    positions.clear();
    wants_logits.clear();
    rows.assign(part.size(), 0);
    for (size_t i = start; i < start + part.size(); ++i) {
      positions.push_back(static_cast<int32_t>(i));
      wants_logits.push_back(i >= first);
    }
    const std::span<const int32_t> page_table = pages_.page_table(*sequence_);
    const std::span<const float> logits = device_.run({.tokens = part,
                                                       .positions = positions,
                                                       .sequences = rows,
                                                       .wants_logits = wants_logits,
                                                       .page_tables = {&page_table, 1}});
    pages_.commit(*sequence_);
    size_t n_rows = 0;
    for (size_t i = std::max(start, first); i < start + part.size(); ++i)
      row(i, logits.subspan(n_rows++ * n_vocab_, n_vocab_));
    start += part.size();
  }
}

void Evaluator::forget() {
  if (sequence_) pages_.release(*sequence_);
  sequence_.reset();
}

}  // namespace realizar::model
