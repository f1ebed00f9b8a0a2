#include "fusion/buffer_placement.hpp"

#include <algorithm>

namespace realizar::fusion {
namespace {

/// The ops, first and last, that touch a buffer, and its place.
struct Lifetime {
  size_t buffer;
  int64_t begin = INT64_MAX, end = -1;
  int64_t offset = 0, width = 0;

  bool overlaps(const Lifetime& other) const { return begin <= other.end && other.begin <= end; }
};

std::vector<Lifetime> lifetimes(const Plan& plan, int64_t ops_behind) {
  std::vector<Lifetime> out;
  for (size_t b = 0; b < plan.buffer_widths.size(); ++b) {
    out.push_back({b});
    out.back().width = (int64_t{plan.buffer_widths[b]} + 15) / 16 * 16;
  }
  for (size_t i = 0; i < plan.ops.size(); ++i) {
    const auto touch = [&](const Slot& slot) {
      Lifetime& life = out[static_cast<size_t>(slot.buffer)];
      life.begin = std::min(life.begin, static_cast<int64_t>(i));
      life.end = static_cast<int64_t>(i) + ops_behind;
    };
    for_each_slot(plan.ops[i], touch, touch);
  }
  return out;
}

/// The lowest place that no placed buffer has at the same time.
int64_t first_gap(const Lifetime& life, const std::vector<Lifetime>& placed) {
  int64_t offset = 0;
  for (const Lifetime& other : placed)  // ascending by offset
    if (life.overlaps(other) && offset + life.width > other.offset)
      offset = std::max(offset, other.offset + other.width);
  return offset;
}

}  // namespace

BufferPlacement place_buffers(const Plan& plan, int64_t ops_behind) {
  std::vector<Lifetime> waiting = lifetimes(plan, ops_behind), placed;
  std::stable_sort(waiting.begin(), waiting.end(),
                   [](const Lifetime& a, const Lifetime& b) { return a.begin < b.begin; });
  BufferPlacement out;
  out.offsets.resize(waiting.size());
  for (Lifetime& life : waiting) {
    if (life.end < 0) continue;  // fused away
    // Buffers that are done before this one begins are never met again.
    std::erase_if(placed, [&](const Lifetime& other) { return other.end < life.begin; });
    life.offset = first_gap(life, placed);
    out.offsets[life.buffer] = life.offset;
    out.width = std::max(out.width, life.offset + life.width);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), life,
                                   [](const Lifetime& a, const Lifetime& b) { return a.offset < b.offset; }),
                  life);
  }
  return out;
}

}  // namespace realizar::fusion
