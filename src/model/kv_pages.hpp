#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "fusion/device.hpp"

namespace realizar::model {

/// Which page of the KV cache holds which positions of which sequence. It keeps the books only: the device
/// holds the keys and values.
///
/// Sequences share pages: after `fork`, until one of them writes (then the page is copied), and by
/// `reuse_prefix`, which finds computed pages by the tokens they and all pages before them stand for. A full
/// page that no sequence holds any more keeps its contents until its room is needed, the longest unused
/// first.
class KvPages {
 public:
  /// A page to be copied before the next batch runs.
  struct Copy {
    int32_t from, to;
    bool operator==(const Copy&) const = default;
  };

  explicit KvPages(int32_t n_pages, int32_t page_positions = fusion::page_positions);

  /// A new empty sequence.
  int32_t create();

  /// A new sequence with the same tokens, on the same pages. What was appended must have been committed.
  int32_t fork(int32_t sequence);

  /// Ends a sequence; its number may be given again.
  void release(int32_t sequence);

  /// Gives an empty sequence the pages that hold the beginning of `tokens` already, `limit` positions at
  /// most. Returns how many positions that is: a multiple of the page.
  size_t reuse_prefix(int32_t sequence, std::span<const int32_t> tokens, size_t limit);

  /// Gives a sequence the pages that `n_more` positions behind its tokens need, which may be computed before
  /// the tokens are known. False when there are too few pages; then nothing has changed. Appends to `copies`.
  bool make_room(int32_t sequence, size_t n_more, std::vector<Copy>& copies);

  /// Makes room for more tokens and appends them.
  bool extend(int32_t sequence, std::span<const int32_t> tokens, std::vector<Copy>& copies);

  /// Says that the device has computed all positions of the sequence, so that others may share them.
  void commit(int32_t sequence);

  /// Forgets all positions from `n_positions` on, and room that was made behind those that stay.
  void truncate(int32_t sequence, size_t n_positions);

  std::span<const int32_t> tokens(int32_t sequence) const { return at(sequence).tokens; }
  /// The page of every `page_positions` positions.
  std::span<const int32_t> page_table(int32_t sequence) const { return at(sequence).pages; }

  int32_t n_pages() const { return static_cast<int32_t>(pages_.size()); }
  /// Pages that no sequence holds.
  int32_t n_available() const { return static_cast<int32_t>(free_.size() + idle_.size()); }
  /// The pages that this many positions need.
  int32_t pages_for(size_t n_positions) const;

 private:
  /// What a computed page stands for: the number given to its predecessor's contents (0: none) and its own
  /// tokens.
  using Contents = std::pair<uint64_t, std::vector<int32_t>>;
  struct Known {
    int32_t page;
    uint64_t
        number;  ///< never given twice, so that a successor of forgotten contents is not found by mistake
  };
  using Index = std::map<Contents, Known>;

  struct Page {
    int32_t n_holders = 0;
    std::optional<Index::iterator> known;
    std::list<int32_t>::iterator idle;  ///< while known and without holder
  };
  struct Sequence {
    std::vector<int32_t> tokens;
    std::vector<int32_t> pages;
    std::vector<uint64_t> numbers;  ///< of the contents of its full, committed pages
    size_t n_committed = 0;
  };

  const Sequence& at(int32_t sequence) const;
  Sequence& at(int32_t sequence) { return const_cast<Sequence&>(std::as_const(*this).at(sequence)); }
  Page& page(int32_t index) { return pages_[static_cast<size_t>(index)]; }
  int32_t take_page();
  void hold(int32_t index);
  void drop(int32_t index);
  void forget_contents(Page& page);
  Contents contents(const Sequence& sequence, size_t page_index, uint64_t before) const;

  size_t page_positions_;
  std::vector<Page> pages_;
  std::vector<int32_t> free_;  ///< without holder and contents
  std::list<int32_t> idle_;    ///< without holder, with contents; the first to be taken in front
  Index index_;
  uint64_t last_number_ = 0;
  std::vector<std::optional<Sequence>> sequences_;
};

/// Bytes of one page of all layers.
uint64_t kv_page_bytes(std::span<const fusion::KvShape> layers, fusion::KvType type);

}  // namespace realizar::model
