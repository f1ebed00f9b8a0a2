#pragma once

#include <cstdint>
#include <queue>
#include <vector>

namespace realizar::text {

/// A word as a linked list of symbols whose neighbours are merged, the best pair first and of equals the
/// leftmost, until no pair is left. Both kinds of pair encoding run it, with another order and another way to
/// look pairs up.
///
/// `Symbol` has members `length` (0 once merged away), `previous` and `next` (-1 at the ends).
/// `Order(a, b)`: whether the rank `a` comes after the rank `b`.
template <class Symbol, class Rank, class Order>
class SymbolChain {
 public:
  std::vector<Symbol> symbols;

  void clear() { symbols.clear(); }

  /// Links the symbol behind the last one.
  void append(Symbol symbol) {
    symbol.previous = static_cast<std::int32_t>(symbols.size()) - 1;
    symbol.next = -1;
    if (!symbols.empty()) symbols.back().next = static_cast<std::int32_t>(symbols.size());
    symbols.push_back(symbol);
  }

  /// `look_up(left, right, rank, merged)`: whether the pair merges; sets its rank and a number for the
  /// result. `merge(left, right, merged)` makes `left` the whole.
  template <class LookUp, class Merge>
  void merge_all(LookUp look_up, Merge merge) {
    const auto propose = [&](std::int32_t left, std::int32_t right) {
      if (left < 0 || right < 0) return;
      Pair pair{};
      const Symbol& l = at(left);
      const Symbol& r = at(right);
      if (!look_up(l, r, pair.rank, pair.merged)) return;
      pair.left = left;
      pair.right = right;
      pair.length = l.length + r.length;
      pairs_.push(pair);
    };
    for (std::int32_t i = 1; i < static_cast<std::int32_t>(symbols.size()); ++i) propose(i - 1, i);
    while (!pairs_.empty()) {
      const Pair pair = pairs_.top();
      pairs_.pop();
      Symbol& left = at(pair.left);
      Symbol& right = at(pair.right);
      // Symbols only grow, so a pair that is out of date has another length.
      if (left.length == 0 || right.length == 0 || left.length + right.length != pair.length) continue;
      merge(left, right, pair.merged);
      left.length = pair.length;
      left.next = right.next;
      right.length = 0;
      if (left.next >= 0) at(left.next).previous = pair.left;
      propose(left.previous, pair.left);
      propose(pair.left, left.next);
    }
  }

 private:
  struct Pair {
    Rank rank;
    std::int32_t left, right, merged;
    std::uint32_t length;
  };
  struct Later {
    bool operator()(const Pair& a, const Pair& b) const {
      return Order{}(a.rank, b.rank) || (a.rank == b.rank && a.left > b.left);
    }
  };

  Symbol& at(std::int32_t i) { return symbols[static_cast<std::size_t>(i)]; }

  std::priority_queue<Pair, std::vector<Pair>, Later> pairs_;
};

}  // namespace realizar::text
