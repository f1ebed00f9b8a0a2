#include "model/traffic.hpp"

#include <algorithm>
#include <variant>
#include <vector>

#include "model/kv_pages.hpp"

namespace realizar::model {
namespace {

using namespace fusion;

/// Notes how many bytes of each weight a token reads.
class Reads {
 public:
  explicit Reads(const Plan& plan) : plan_(plan), bytes_(plan.weights.size()) {}

  void whole(WeightId id) { note(id, size(id)); }
  void row(WeightId id) {
    const Weight& weight = plan_.weight(id);
    note(id, size(id) / static_cast<uint64_t>(weight.n_rows * weight.n_matrices));
  }
  void share(WeightId id, uint64_t used, uint64_t all) { note(id, size(id) / all * used); }

  uint64_t total() const {
    uint64_t sum = 0;
    for (const uint64_t bytes : bytes_) sum += bytes;
    return sum;
  }

 private:
  uint64_t size(WeightId id) const { return plan_.weight(id).data.size(); }
  /// A weight that two ops name (a tied output) is in the cache the second time, or is read whole anyway.
  void note(WeightId id, uint64_t bytes) {
    uint64_t& noted = bytes_[static_cast<size_t>(id.index)];
    noted = std::max(noted, bytes);
  }

  const Plan& plan_;
  std::vector<uint64_t> bytes_;
};

}  // namespace

uint64_t weight_bytes_per_token(const Plan& plan) {
  Reads reads(plan);
  for (const Op& op : plan.ops) {
    if (const auto* embed = std::get_if<Embed>(&op)) {
      if (embed->table) reads.row(embed->table);
    } else if (const auto* positions = std::get_if<AddPositionEmbedding>(&op)) {
      reads.row(positions->table);
    } else if (const auto* experts = std::get_if<Experts>(&op)) {
      const auto used = static_cast<uint64_t>(experts->experts.width);
      for_each_weight(op, [&](WeightId id) {
        const auto all = static_cast<uint64_t>(plan.weight(id).n_matrices);
        if (id == experts->gate || id == experts->up || id == experts->down)
          reads.share(id, std::min(used, all), all);
        else
          reads.whole(id);
      });
    } else {
      for_each_weight(op, [&](WeightId id) { reads.whole(id); });
    }
  }
  return reads.total();
}

uint64_t kv_bytes_per_token(const Plan& plan, KvType type, int n_positions) {
  uint64_t bytes = 0;
  for (const Op& op : plan.ops) {
    const auto* attention = std::get_if<Attention>(&op);
    if (!attention) continue;
    const KvShape& layer = plan.kv[static_cast<size_t>(attention->layer)];
    const int seen = attention->window > 0 ? std::min(n_positions, attention->window) : n_positions;
    bytes +=
        kv_page_bytes({&layer, 1}, type) * static_cast<uint64_t>(std::max(seen, 0)) / fusion::page_positions;
  }
  return bytes;
}

}  // namespace realizar::model
