#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "fusion/plan.hpp"

namespace realizar::fusion {

bool overlap(const Slot& a, const Slot& b);

/// Whether the two ops may change places: neither writes columns that the other reads or writes, and they do
/// not meet in a layer of the KV cache.
bool independent(const Op& a, const Op& b);

/// A plan while a pass changes it: ops are replaced and removed in place, so that indices stay true until
/// finish(). Which ops read and write a slot is what it was at the start, which can only forbid more.
class Rewriter {
 public:
  explicit Rewriter(Plan& plan);

  Plan& plan() { return plan_; }
  size_t size() const { return plan_.ops.size(); }
  const Op& op(size_t i) const { return plan_.ops[i]; }
  /// The op at `i` if it is an O and was not removed.
  template <class O>
  const O* find(size_t i) const {
    return removed_[i] ? nullptr : std::get_if<O>(&plan_.ops[i]);
  }

  /// Indices of the ops that read, or write, a column of the slot, in order.
  std::vector<size_t> readers(const Slot& slot) const { return touching(reads_, slot); }
  std::vector<size_t> writers(const Slot& slot) const { return touching(writes_, slot); }

  /// The op that writes exactly this slot, where nothing else ever writes a column of it and `reader` alone
  /// reads one.
  std::optional<size_t> sole_producer(const Slot& slot, size_t reader) const;

  /// Whether op `from` could stand at `to`: it is independent of all ops between.
  bool can_move(size_t from, size_t to) const;

  void replace(size_t i, Op op) { plan_.ops[i] = std::move(op); }
  void remove(size_t i) { removed_[i] = true; }
  /// Drops the removed ops; the rewriter must not be used any more.
  void finish();

 private:
  struct Access {
    size_t op;
    Slot slot;
  };
  using ByBuffer = std::vector<std::vector<Access>>;
  static std::vector<size_t> touching(const ByBuffer& accesses, const Slot& slot);

  Plan& plan_;
  std::vector<bool> removed_;
  ByBuffer reads_, writes_;
};

}  // namespace realizar::fusion
