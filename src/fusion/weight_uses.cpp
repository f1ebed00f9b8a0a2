#include "fusion/weight_uses.hpp"

#include <algorithm>

namespace realizar::fusion {

WeightUses::WeightUses(const Plan& plan)
    : product(plan.weights.size()),
      table(plan.weights.size()),
      values(plan.weights.size()),
      token_table(plan.weights.size()) {
  for (const Op& op : plan.ops) visit(op);
}

void WeightUses::mark(std::vector<bool>& use, WeightId id) {
  if (id) use[static_cast<size_t>(id.index)] = true;
}

void WeightUses::visit(const Op& op) {
  for_each_weight(op, [&](WeightId id) {
    const auto index = static_cast<size_t>(id.index);
    if (std::find(order.begin(), order.end(), index) == order.end()) order.push_back(index);
  });
  if (const auto* run = std::get_if<PerToken>(&op)) {
    for (const Op& inner : run->ops) visit(inner);
    return;
  }
  if (const auto* embed = std::get_if<Embed>(&op)) {
    mark(token_table, embed->table);
    return mark(table, embed->table);
  }
  if (const auto* positions = std::get_if<AddPositionEmbedding>(&op)) return mark(table, positions->table);
  for_each_weight(op, [&](WeightId id) { mark(values, id); });
  const auto is_matrix = [&](WeightId id) {
    if (!id) return;
    mark(product, id);
    values[static_cast<size_t>(id.index)] = false;
  };
  if (const auto* linear = std::get_if<Linear>(&op)) is_matrix(linear->weight);
  if (const auto* heads = std::get_if<HeadLinear>(&op)) is_matrix(heads->weight);
  if (const auto* logits = std::get_if<Logits>(&op)) is_matrix(logits->weight);
  if (const auto* products = std::get_if<Products>(&op))
    for (const Linear& linear : products->linears) is_matrix(linear.weight);
  if (const auto* experts = std::get_if<Experts>(&op)) {
    is_matrix(experts->gate);
    is_matrix(experts->up);
    is_matrix(experts->down);
  }
}

}  // namespace realizar::fusion
