#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/string_table.hpp"
#include "text/vocabulary.hpp"

namespace realizar::text {

/// From the texts of a table to their numbers; of equal texts the first counts. The table must outlive it.
class TokenIndex {
 public:
  explicit TokenIndex(const StringTable& texts);

  /// The number of `text`, or no_token.
  std::int32_t find(std::string_view text) const;
  /// Takes up the text last added to the table.
  void add_last();
  std::size_t longest() const { return longest_; }

 private:
  void insert(std::int32_t id);
  void grow();

  const StringTable* texts_;
  std::vector<std::int32_t> slots_;  // open addressing, a power of two, at most half full
  std::size_t used_ = 0;
  std::size_t longest_ = 0;
};

/// Finds every text of a list that stands at a place of a text, in one walk: the texts are sorted and the
/// candidates narrowed byte by byte, which takes no memory beside the list.
class PrefixIndex {
 public:
  struct Entry {
    std::string_view text;
    std::int32_t id;
  };
  explicit PrefixIndex(std::vector<Entry> entries);

  /// Calls `visit(length, id)` for each text that `at` begins with, shortest first.
  template <class Visit>
  void for_each_prefix(std::string_view at, Visit visit) const {
    if (at.empty()) return;
    const auto first_byte = static_cast<unsigned char>(at[0]);
    std::size_t low = first_[first_byte], high = first_[first_byte + 1];
    for (std::size_t depth = 1; low < high; ++depth) {
      if (entries_[low].text.size() == depth) {
        visit(depth, entries_[low].id);
        ++low;
      }
      if (depth == at.size()) return;
      narrow(depth, static_cast<unsigned char>(at[depth]), low, high);
    }
  }

 private:
  void narrow(std::size_t depth, unsigned char byte, std::size_t& low, std::size_t& high) const;

  std::vector<Entry> entries_;        // sorted, no two texts equal, none empty
  std::vector<std::uint32_t> first_;  // 257: where the texts that begin with a byte start
};

}  // namespace realizar::text
