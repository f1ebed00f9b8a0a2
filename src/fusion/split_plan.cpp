#include "fusion/split_plan.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "fusion/layers.hpp"

namespace realizar::fusion {
namespace {

/// What no op names is dropped; the others keep their numbers.
void drop_unused_weights(Plan& plan) {
  std::vector<bool> used(plan.weights.size());
  for (const Op& op : plan.ops)
    for_each_weight(op, [&](WeightId id) { used[static_cast<size_t>(id.index)] = true; });
  for (size_t i = 0; i < used.size(); ++i)
    if (!used[i]) plan.weights[i] = {};
}

void count_layers_from(Plan& plan, int first) {
  for (Op& op : plan.ops) {
    if (auto* store = std::get_if<StoreKv>(&op)) store->layer -= first;
    if (auto* attention = std::get_if<Attention>(&op)) attention->layer -= first;
  }
}

}  // namespace

SplitPlan split(const Plan& plan, int first_layers) {
  const auto n_layers = static_cast<int>(plan.kv.size());
  require(first_layers > 0 && first_layers < n_layers, ErrorKind::invalid_argument, "a plan of ", n_layers,
          " layers cannot be cut behind ", first_layers);
  const LayerStart cut = layer_starts(plan)[static_cast<size_t>(first_layers)];
  require(static_cast<bool>(cut.crossing), ErrorKind::unsupported, "layer ", first_layers,
          " needs more of those before it than one stream: the model cannot be cut there");
  SplitPlan parts{plan, plan};
  const auto middle = static_cast<ptrdiff_t>(cut.op);
  parts.first.ops.resize(cut.op);
  parts.first.ops.emplace_back(Logits{cut.crossing});
  parts.first.kv.resize(static_cast<size_t>(first_layers));
  parts.second.ops.assign(1, Embed{{}, cut.crossing});
  parts.second.ops.insert(parts.second.ops.end(), plan.ops.begin() + middle, plan.ops.end());
  parts.second.kv.erase(parts.second.kv.begin(), parts.second.kv.begin() + first_layers);
  count_layers_from(parts.second, first_layers);
  drop_unused_weights(parts.first);
  drop_unused_weights(parts.second);
  return parts;
}

}  // namespace realizar::fusion
