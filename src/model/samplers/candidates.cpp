#include "model/samplers/candidates.hpp"

#include <limits>

#include "base/error.hpp"
#include "base/math.hpp"

namespace realizar::model {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

[[noreturn]] void fail_on_bad(std::span<const float> logits) {
  size_t id = 0;
  while (logits[id] < infinity) ++id;
  fail_on_logit(static_cast<int32_t>(id), concat(logits[id]));
}

/// Fills `chosen` with the `count` of [first, last) that rank first, in rank order. What the library's
/// selection does with the others differs between libraries, so it works on the copy.
template <class Iterator>
void select(Iterator first, Iterator last, size_t count, std::vector<Candidate>& chosen) {
  constexpr size_t few = 1024;  // a heap of these is faster than to partition all
  if (count <= few) {
    chosen.resize(count);
    std::partial_sort_copy(first, last, chosen.begin(), chosen.end(), ranks_before);
  } else {
    chosen.assign(first, last);
    std::nth_element(chosen.begin(), chosen.begin() + static_cast<ptrdiff_t>(count) - 1, chosen.end(),
                     ranks_before);
    chosen.resize(count);
    std::sort(chosen.begin(), chosen.end(), ranks_before);
  }
}

}  // namespace

void fail_on_logit(int32_t id, const std::string& what) {
  fail(ErrorKind::invalid_argument, "the logit of token ", id, " is ", what,
       ", so no next token can be chosen: the model's weights may be damaged, or its arithmetic overflowed");
}

void fail_without_candidates() {
  fail(ErrorKind::invalid_argument,
       "no next token can be chosen: every token is ruled out (by a logit or a bias of -infinity)");
}

int32_t most_likely(std::span<const float> logits) {
  // The maximum of a block is found in independent lanes, which compilers vectorise; only a block that beats
  // the best so far is searched for the place.
  constexpr size_t lanes = 16, block = 512;
  float best = -infinity;
  size_t best_id = logits.size();
  for (size_t start = 0; start < logits.size(); start += block) {
    const std::span<const float> part = logits.subspan(start, std::min(block, logits.size() - start));
    float maximum[lanes];
    std::fill_n(maximum, lanes, -infinity);
    uint32_t bad[lanes] = {};
    size_t i = 0;
    for (; i + lanes <= part.size(); i += lanes)
      for (size_t lane = 0; lane < lanes; ++lane) {
        const float logit = part[i + lane];
        maximum[lane] = logit > maximum[lane] ? logit : maximum[lane];
        bad[lane] |= !(logit < infinity);
      }
    for (; i < part.size(); ++i) {
      maximum[0] = part[i] > maximum[0] ? part[i] : maximum[0];
      bad[0] |= !(part[i] < infinity);
    }
    if (std::any_of(bad, bad + lanes, [](uint32_t b) { return b != 0; })) fail_on_bad(logits);
    const float block_best = *std::max_element(maximum, maximum + lanes);
    if (block_best > best) {
      best = block_best;
      best_id = start + (std::find(part.begin(), part.end(), best) - part.begin());
    }
  }
  if (best_id == logits.size()) fail_without_candidates();
  return static_cast<int32_t>(best_id);
}

void Candidates::gather(std::span<const float> logits) {
  items_.resize(logits.size());
  sorted_ = 0;
  size_t count = 0;
  bool bad = false;
  for (size_t id = 0; id < logits.size(); ++id) {
    const float logit = logits[id];
    bad |= !(logit < infinity);
    items_[count] = {static_cast<int32_t>(id), logit, 0};
    count += logit != -infinity;
  }
  if (bad) fail_on_bad(logits);
  if (count == 0) fail_without_candidates();
  items_.resize(count);
}

const Candidate& Candidates::best() const {
  return sorted_ > 0 ? items_.front() : *std::min_element(items_.begin(), items_.end(), ranks_before);
}

void Candidates::sort_first(size_t count) {
  count = std::min(count, items_.size());
  if (count <= sorted_) return;
  const auto rest = items_.begin() + static_cast<ptrdiff_t>(sorted_);
  select(rest, items_.end(), count - sorted_, scratch_);
  // Those that were not chosen move to the back and keep their order.
  const Candidate last = scratch_.back();
  auto hole = items_.end();
  for (auto c = items_.end(); c != rest;) {
    --c;
    if (ranks_before(last, *c)) *--hole = *c;
  }
  std::copy(scratch_.begin(), scratch_.end(), rest);
  sorted_ = count;
}

void Candidates::keep_first(size_t count) {
  if (count >= items_.size()) return;
  if (count > sorted_) {
    select(items_.begin(), items_.end(), count, scratch_);
    items_.swap(scratch_);
  }
  items_.resize(count);
  sorted_ = count;
}

double Candidates::normalise() {
  const double maximum = best().logit;
  double sum = 0;
  for (Candidate& c : items_) sum += c.probability = portable_exp(c.logit - maximum);
  for (Candidate& c : items_) c.probability /= sum;
  return maximum + portable_log(sum);
}

void Candidates::order_by_id() {
  if (sorted_ == 0) return;
  std::sort(items_.begin(), items_.end(), [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  sorted_ = 0;
}

void Candidates::assign(std::vector<Candidate>::iterator at, float logit) {
  if (logit == -infinity) {
    items_.erase(at);
    if (items_.empty()) fail_without_candidates();
  } else {
    at->logit = std::min(logit, std::numeric_limits<float>::max());
  }
}

}  // namespace realizar::model
