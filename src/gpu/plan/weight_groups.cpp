#include "gpu/plan/weight_groups.hpp"

#include <algorithm>

#include "fusion/weight_uses.hpp"

namespace realizar::gpu {
namespace {

using namespace fusion;

class Grouper {
 public:
  explicit Grouper(const Plan& plan) : plan_(plan), uses_(plan), n_products_(plan.weights.size()) {
    for (const Op& op : plan.ops) count(op);
  }

  std::vector<WeightGroup> groups() {
    for (const Op& op : plan_.ops) {
      if (const auto* products = std::get_if<Products>(&op)) group(*products);
      if (const auto* experts = std::get_if<Experts>(&op)) group(*experts);
    }
    return std::move(groups_);
  }

 private:
  static constexpr size_t most_members = 3;  // that product.wgsl tells apart

  void count(WeightId id) {
    if (id) ++n_products_[static_cast<size_t>(id.index)];
  }
  void count(const Op& op) {
    if (const auto* products = std::get_if<Products>(&op))
      for (const Linear& linear : products->linears) count(linear.weight);
    if (const auto* logits = std::get_if<Logits>(&op)) count(logits->weight);
    if (const auto* heads = std::get_if<HeadLinear>(&op)) count(heads->weight);
    if (const auto* experts = std::get_if<Experts>(&op))
      for (const WeightId id : {experts->gate, experts->up, experts->down}) count(id);
  }

  bool may_join(WeightId id) const {
    const auto i = static_cast<size_t>(id.index);
    return n_products_[i] == 1 && !uses_.table[i] && webgpu::WeightLayout::has(plan_.weight(id).type);
  }
  bool alike(WeightId a, WeightId b) const {
    return may_join(a) && may_join(b) && plan_.weight(a).type == plan_.weight(b).type &&
           plan_.weight(a).n_cols == plan_.weight(b).n_cols;
  }
  bool same_shape(WeightId a, WeightId b) const {
    return alike(a, b) && plan_.weight(a).n_rows == plan_.weight(b).n_rows &&
           plan_.weight(a).n_matrices == plan_.weight(b).n_matrices;
  }

  void group(const Products& op) {
    const std::vector<Linear>& linears = op.linears;
    const auto is_plain = [](const Linear& linear) { return !linear.scale; };
    if (op.gate) {
      if (linears.size() == 2 && same_shape(linears[0].weight, linears[1].weight) &&
          std::all_of(linears.begin(), linears.end(),
                      [&](const Linear& linear) { return is_plain(linear) && !linear.bias; }))
        groups_.push_back({{linears[0].weight, linears[1].weight}, Arrangement::by_turns});
      return;
    }
    if (op.add) return;
    for (size_t first = 0; first < linears.size();) {
      std::vector<WeightId> members = {linears[first].weight};
      size_t next = first + 1;
      while (next < linears.size() && members.size() < most_members && is_plain(linears[first]) &&
             is_plain(linears[next]) && !linears[first].bias == !linears[next].bias &&
             plan_.weight(members.back()).n_rows % webgpu::panel_rows == 0 &&
             alike(members[0], linears[next].weight))
        members.push_back(linears[next++].weight);
      if (members.size() > 1) groups_.push_back({std::move(members), Arrangement::one_after_other});
      first = next;
    }
  }

  void group(const Experts& op) {
    if (op.gate && !op.gate_scale && !op.up_scale && !op.gate_bias && !op.up_bias &&
        same_shape(op.gate, op.up))
      groups_.push_back({{op.gate, op.up}, Arrangement::by_turns});
  }

  const Plan& plan_;
  const WeightUses uses_;
  std::vector<int> n_products_;  // (weights of the plan)
  std::vector<WeightGroup> groups_;
};

}  // namespace

std::vector<WeightGroup> weight_groups(const Plan& plan) { return Grouper(plan).groups(); }

}  // namespace realizar::gpu
