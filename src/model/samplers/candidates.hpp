#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace realizar::model {

/// A token that may come next. `probability` is as of the last `Candidates::normalise`.
struct Candidate {
  int32_t id;
  float logit;
  double probability;
};

/// More likely first, ties to the lower id: a total order, so that selections do not depend on the algorithm.
inline bool ranks_before(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

/// The token of the highest logit, ties to the lower id, in one pass. Throws on NaN, on +infinity and when
/// every token is ruled out.
int32_t most_likely(std::span<const float> logits);

/// Throw what keeps a token from being chosen: the logit of `id` is NaN or +infinity (`what`), or every token
/// is ruled out.
[[noreturn]] void fail_on_logit(int32_t id, const std::string& what);
[[noreturn]] void fail_without_candidates();

/// The tokens still in play. The first `sorted_` stand in rank order, before all others; the others stand in
/// order of id. So the order, and with it every floating-point sum over the list, is the same on every
/// machine. Logits are never NaN nor infinite.
class Candidates {
 public:
  /// Every token but those of logit -infinity. Throws on NaN, on +infinity and when no token is left.
  void gather(std::span<const float> logits);

  size_t size() const { return items_.size(); }
  const Candidate& operator[](size_t index) const { return items_[index]; }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

  /// The candidate that ranks first.
  const Candidate& best() const;

  /// Puts at least the first `count` in rank order, by selection: a full sort only when all are asked for.
  void sort_first(size_t count);

  /// Drops all but the `count` candidates that rank first.
  void keep_first(size_t count);

  template <class Predicate>
  void keep_if(Predicate keep) {
    size_t kept = 0, kept_sorted = 0;
    for (size_t i = 0; i < items_.size(); ++i) {
      if (!keep(items_[i])) continue;
      items_[kept++] = items_[i];
      if (i < sorted_) ++kept_sorted;
    }
    items_.resize(kept);
    sorted_ = kept_sorted;
  }

  /// Sets logit = change(logit) for all. `change` must not decrease as the logit grows.
  template <class Change>
  void rescale(Change change) {
    for (Candidate& c : items_) c.logit = change(c.logit);
  }

  /// Sets logit = change(logit) for one token, if it is in play; a result of -infinity drops it.
  template <class Change>
  void change_one(int32_t id, Change change) {
    order_by_id();
    const auto at = std::lower_bound(items_.begin(), items_.end(), id,
                                     [](const Candidate& c, int32_t wanted) { return c.id < wanted; });
    if (at != items_.end() && at->id == id) assign(at, change(at->logit));
  }

  /// Sets the probabilities to the softmax of the logits. Returns the logarithm of its denominator:
  /// -log(probability) of a candidate is that minus its logit.
  double normalise();

 private:
  void order_by_id();
  void assign(std::vector<Candidate>::iterator at, float logit);

  std::vector<Candidate> items_;
  std::vector<Candidate> scratch_;
  size_t sorted_ = 0;
};

}  // namespace realizar::model
