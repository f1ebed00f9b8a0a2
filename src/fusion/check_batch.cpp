#include "fusion/check_batch.hpp"

#include <vector>

#include "base/error.hpp"

namespace realizar::fusion {

void check_batch(const Batch& b, const Plan& plan, int max_tokens, int n_pages, int64_t n_chosen) {
  const size_t n = b.tokens.size();
  const auto same = [&](size_t other) { return other == n; };
  require(n > 0 && n <= static_cast<size_t>(max_tokens) && same(b.positions.size()) &&
              same(b.sequences.size()) && same(b.wants_logits.size()),
          ErrorKind::invalid_argument, "a batch of ", n, " tokens, ", b.positions.size(), " positions, ",
          b.sequences.size(), " sequences and ", b.wants_logits.size(), " flags, where up to ", max_tokens,
          " tokens fit");
  const auto* first = plan.ops.empty() ? nullptr : std::get_if<Embed>(&plan.ops.front());
  if (first && !first->table)
    require(b.rows.size() == n * static_cast<size_t>(first->out.width), ErrorKind::invalid_argument,
            "a batch of ", n, " tokens has ", b.rows.size(), " numbers of rows of ", first->out.width);
  std::vector<size_t> checked(b.page_tables.size());  // pages of each sequence
  for (size_t t = 0; t < b.tokens.size(); ++t) {
    require(b.tokens[t] >= -n_chosen && b.tokens[t] < plan.n_vocab, ErrorKind::invalid_argument, "token ",
            b.tokens[t], " is outside the vocabulary of ", plan.n_vocab);
    const int32_t sequence = b.sequences[t], position = b.positions[t];
    require(sequence >= 0 && static_cast<size_t>(sequence) < b.page_tables.size() && position >= 0,
            ErrorKind::invalid_argument, "token ", t, " of the batch has sequence ", sequence,
            " and position ", position);
    const std::span<const int32_t> pages = b.page_tables[static_cast<size_t>(sequence)];
    const auto n_used = static_cast<size_t>(position / page_positions) + 1;
    require(n_used <= pages.size(), ErrorKind::invalid_argument, "position ", position, " of sequence ",
            sequence, " is beyond the ", pages.size(), " pages of its table");
    // Attention reads all pages up to the token's own.
    for (size_t& page = checked[static_cast<size_t>(sequence)]; page < n_used; ++page)
      require(pages[page] >= 0 && pages[page] < n_pages, ErrorKind::invalid_argument, "page ", page,
              " of sequence ", sequence, " is ", pages[page], ", which a cache of ", n_pages,
              " pages does not have");
  }
}

}  // namespace realizar::fusion
