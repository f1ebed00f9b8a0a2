#include "text/token_index.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace realizar::text {

TokenIndex::TokenIndex(const StringTable& texts) : texts_(&texts) {
  slots_.assign(std::bit_ceil(std::max<std::size_t>(16, 2 * texts.size())), no_token);
  for (std::size_t i = 0; i < texts.size(); ++i) insert(static_cast<std::int32_t>(i));
}

std::int32_t TokenIndex::find(std::string_view text) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = std::hash<std::string_view>{}(text)&mask;; slot = (slot + 1) & mask) {
    const std::int32_t id = slots_[slot];
    if (id == no_token || (*texts_)[static_cast<std::size_t>(id)] == text) return id;
  }
}

void TokenIndex::add_last() { insert(static_cast<std::int32_t>(texts_->size() - 1)); }

void TokenIndex::insert(std::int32_t id) {
  if (2 * (used_ + 1) > slots_.size()) grow();
  const std::string_view text = (*texts_)[static_cast<std::size_t>(id)];
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = std::hash<std::string_view>{}(text)&mask;
  for (; slots_[slot] != no_token; slot = (slot + 1) & mask)
    if ((*texts_)[static_cast<std::size_t>(slots_[slot])] == text) return;
  slots_[slot] = id;
  ++used_;
  longest_ = std::max(longest_, text.size());
}

void TokenIndex::grow() {
  std::vector<std::int32_t> old(slots_.size() * 2, no_token);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const std::int32_t id : old) {
    if (id == no_token) continue;
    std::size_t slot = std::hash<std::string_view>{}((*texts_)[static_cast<std::size_t>(id)]) & mask;
    while (slots_[slot] != no_token) slot = (slot + 1) & mask;
    slots_[slot] = id;
  }
}

PrefixIndex::PrefixIndex(std::vector<Entry> entries) : entries_(std::move(entries)), first_(257) {
  std::erase_if(entries_, [](const Entry& e) { return e.text.empty(); });
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.text < b.text; });
  // Of equal texts the last one given counts, as in a trie that is filled in order.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (i + 1 == entries_.size() || entries_[i].text != entries_[i + 1].text) entries_[kept++] = entries_[i];
  entries_.resize(kept);
  for (const Entry& entry : entries_) ++first_[static_cast<unsigned char>(entry.text[0]) + 1u];
  for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
}

void PrefixIndex::narrow(std::size_t depth, unsigned char byte, std::size_t& low, std::size_t& high) const {
  const auto begin = entries_.begin();
  const auto at = [depth](const Entry& e) { return static_cast<unsigned char>(e.text[depth]); };
  const auto from =
      std::lower_bound(begin + static_cast<std::ptrdiff_t>(low), begin + static_cast<std::ptrdiff_t>(high),
                       byte, [&](const Entry& e, unsigned char b) { return at(e) < b; });
  const auto to = std::upper_bound(from, begin + static_cast<std::ptrdiff_t>(high), byte,
                                   [&](unsigned char b, const Entry& e) { return b < at(e); });
  low = static_cast<std::size_t>(from - begin);
  high = static_cast<std::size_t>(to - begin);
}

}  // namespace realizar::text
