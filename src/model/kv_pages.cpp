#include "model/kv_pages.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "kernels/kernel_table.hpp"

namespace realizar::model {

KvPages::KvPages(int32_t n_pages, int32_t page_positions)
    : page_positions_(static_cast<size_t>(page_positions)) {
  require(n_pages > 0 && page_positions > 0, ErrorKind::invalid_argument, "a KV cache of ", n_pages,
          " pages of ", page_positions, " positions cannot hold anything: both must be above 0");
  pages_.resize(static_cast<size_t>(n_pages));
  for (int32_t i = n_pages; i-- > 0;) free_.push_back(i);
}

int32_t KvPages::create() {
  auto unused = std::find_if(sequences_.begin(), sequences_.end(), [](const auto& s) { return !s; });
  if (unused == sequences_.end()) unused = sequences_.emplace(unused);
  unused->emplace();
  return static_cast<int32_t>(unused - sequences_.begin());
}

int32_t KvPages::fork(int32_t sequence) {
  require(at(sequence).n_committed == at(sequence).tokens.size(), ErrorKind::internal,
          "a sequence was forked before its positions were computed");
  Sequence copy = at(sequence);
  copy.pages.resize(static_cast<size_t>(pages_for(copy.tokens.size())));  // room made ahead is nobody else's
  for (const int32_t index : copy.pages) hold(index);
  const int32_t result = create();
  at(result) = std::move(copy);
  return result;
}

void KvPages::release(int32_t sequence) {
  truncate(sequence, 0);
  sequences_[static_cast<size_t>(sequence)].reset();
}

size_t KvPages::reuse_prefix(int32_t sequence, std::span<const int32_t> tokens, size_t limit) {
  Sequence& s = at(sequence);
  require(s.tokens.empty(), ErrorKind::internal,
          "a prefix can only be re-used at the beginning of a sequence");
  limit = std::min(limit, tokens.size());
  uint64_t before = 0;
  while (s.tokens.size() + page_positions_ <= limit) {
    const auto part = tokens.subspan(s.tokens.size(), page_positions_);
    const auto found = index_.find({before, {part.begin(), part.end()}});
    if (found == index_.end()) break;
    hold(found->second.page);
    before = found->second.number;
    s.pages.push_back(found->second.page);
    s.numbers.push_back(before);
    s.tokens.insert(s.tokens.end(), part.begin(), part.end());
  }
  return s.n_committed = s.tokens.size();
}

bool KvPages::make_room(int32_t sequence, size_t n_more, std::vector<Copy>& copies) {
  if (n_more == 0) return true;
  Sequence& s = at(sequence);
  // The page that the last token is on, where it is not full; room that was made before may follow.
  int32_t* const open =
      s.tokens.size() % page_positions_ != 0 ? &s.pages[s.tokens.size() / page_positions_] : nullptr;
  const bool copies_open = open && page(*open).n_holders > 1;
  const size_t needed = std::max(s.pages.size(), static_cast<size_t>(pages_for(s.tokens.size() + n_more)));
  if (needed - s.pages.size() + (copies_open ? 1 : 0) > static_cast<size_t>(n_available())) return false;

  if (copies_open) {
    const int32_t copy = take_page();
    copies.push_back({*open, copy});
    drop(*open);
    *open = copy;
  } else if (open) {
    forget_contents(page(*open));
  }
  while (s.pages.size() < needed) s.pages.push_back(take_page());
  return true;
}

bool KvPages::extend(int32_t sequence, std::span<const int32_t> tokens, std::vector<Copy>& copies) {
  if (!make_room(sequence, tokens.size(), copies)) return false;
  Sequence& s = at(sequence);
  s.tokens.insert(s.tokens.end(), tokens.begin(), tokens.end());
  return true;
}

void KvPages::commit(int32_t sequence) {
  Sequence& s = at(sequence);
  s.n_committed = s.tokens.size();
  while ((s.numbers.size() + 1) * page_positions_ <= s.tokens.size()) {
    const size_t i = s.numbers.size();
    const auto [entry, is_new] = index_.try_emplace(contents(s, i, i == 0 ? 0 : s.numbers.back()),
                                                    Known{s.pages[i], last_number_ + 1});
    if (is_new) {
      ++last_number_;
      forget_contents(page(s.pages[i]));
      page(s.pages[i]).known = entry;
    }
    s.numbers.push_back(entry->second.number);
  }
}

void KvPages::truncate(int32_t sequence, size_t n_positions) {
  Sequence& s = at(sequence);
  n_positions = std::min(n_positions, s.tokens.size());
  s.tokens.resize(n_positions);
  s.n_committed = std::min(s.n_committed, n_positions);
  s.numbers.resize(std::min(s.numbers.size(), n_positions / page_positions_));
  // From the end, so that of one sequence the last pages are the first to lose their contents.
  const auto needed = static_cast<size_t>(pages_for(n_positions));
  while (s.pages.size() > needed) {
    drop(s.pages.back());
    s.pages.pop_back();
  }
}

int32_t KvPages::pages_for(size_t n_positions) const {
  return static_cast<int32_t>((n_positions + page_positions_ - 1) / page_positions_);
}

const KvPages::Sequence& KvPages::at(int32_t sequence) const {
  const auto index = static_cast<size_t>(sequence);
  require(sequence >= 0 && index < sequences_.size() && sequences_[index], ErrorKind::internal,
          "the KV cache has no sequence ", sequence);
  return *sequences_[index];
}

int32_t KvPages::take_page() {
  int32_t index;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
    index = idle_.front();
    idle_.pop_front();
    forget_contents(page(index));
  }
  page(index).n_holders = 1;
  return index;
}

void KvPages::hold(int32_t index) {
  Page& p = page(index);
  if (p.n_holders++ == 0) idle_.erase(p.idle);
}

void KvPages::drop(int32_t index) {
  Page& p = page(index);
  if (--p.n_holders > 0) return;
  if (p.known)
    p.idle = idle_.insert(idle_.end(), index);
  else
    free_.push_back(index);
}

void KvPages::forget_contents(Page& p) {
  if (p.known) index_.erase(*p.known);
  p.known.reset();
}

KvPages::Contents KvPages::contents(const Sequence& s, size_t page_index, uint64_t before) const {
  const auto first = s.tokens.begin() + static_cast<ptrdiff_t>(page_index * page_positions_);
  return {before, {first, first + static_cast<ptrdiff_t>(page_positions_)}};
}

uint64_t kv_page_bytes(std::span<const fusion::KvShape> layers, fusion::KvType type) {
  uint64_t bytes = 0;
  for (const fusion::KvShape& layer : layers)
    bytes += static_cast<uint64_t>(layer.n_kv_heads) *
             static_cast<uint64_t>(kernels::kv_page_layout(type, layer.key_dim, layer.value_dim).bytes);
  return bytes;
}

}  // namespace realizar::model
