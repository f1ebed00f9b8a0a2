#include "fusion/layers.hpp"

#include <algorithm>
#include <set>

#include "fusion/kv_access.hpp"

namespace realizar::fusion {
namespace {

/// For every place before an op, and the end, the buffers that ops behind it read of those before.
std::vector<std::set<int>> crossing_buffers(const Plan& plan) {
  std::vector<std::set<int>> crossing(plan.ops.size() + 1);
  for (size_t i = plan.ops.size(); i-- > 0;) {
    crossing[i] = crossing[i + 1];
    for_each_slot(
        plan.ops[i], [](const Slot&) {},
        [&](const Slot& slot) {
          if (slot.width == plan.buffer_widths[static_cast<size_t>(slot.buffer)])
            crossing[i].erase(slot.buffer);
        });
    for_each_slot(
        plan.ops[i], [&](const Slot& slot) { crossing[i].insert(slot.buffer); }, [](const Slot&) {});
  }
  return crossing;
}

/// The ops of each layer that store to the cache, and that attend.
struct KvOps {
  explicit KvOps(const Plan& plan) : store(plan.kv.size()), attend(plan.kv.size()) {
    for (size_t i = 0; i < plan.ops.size(); ++i)
      for_each_kv_access(
          plan.ops[i], [&](int layer) { store[static_cast<size_t>(layer)] = i; },
          [&](int layer) { attend[static_cast<size_t>(layer)] = i; });
  }
  std::vector<size_t> store, attend;  // (layers)
};

/// Whether the op ends with a norm, which belongs to what reads it: behind it as little crosses as before,
/// where the sum is not needed any more.
bool ends_with_norm(const Op& op) {
  const auto* run = std::get_if<PerToken>(&op);
  return std::holds_alternative<Norm>(run ? run->ops.back() : op);
}

}  // namespace

std::vector<LayerStart> layer_starts(const Plan& plan) {
  const std::vector<std::set<int>> crossing = crossing_buffers(plan);
  const KvOps kv(plan);
  const auto width = [&](size_t place) {
    int64_t sum = 0;
    for (const int buffer : crossing[place]) sum += plan.buffer_widths[static_cast<size_t>(buffer)];
    return sum;
  };
  std::vector<LayerStart> starts;
  for (size_t layer = 0; layer <= plan.kv.size(); ++layer) {
    const size_t first = layer == 0 ? 1 : kv.attend[layer - 1] + 1;
    const size_t last = layer < plan.kv.size() ? kv.store[layer] : plan.ops.size() - 1;
    size_t best = first;
    for (size_t place = first; place <= last; ++place)
      if (width(place) <= width(best) && !ends_with_norm(plan.ops[place - 1])) best = place;
    LayerStart start{best, {}};
    if (crossing[best].size() == 1) {
      const int buffer = *crossing[best].begin();
      start.crossing = {buffer, 0, plan.buffer_widths[static_cast<size_t>(buffer)]};
    }
    starts.push_back(start);
  }
  return starts;
}

}  // namespace realizar::fusion
