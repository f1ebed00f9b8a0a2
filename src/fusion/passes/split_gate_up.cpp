#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"
#include "fusion/passes/passes.hpp"
#include "fusion/passes/rewriter.hpp"

namespace realizar::fusion {
namespace {

int64_t bytes_of(const Weight& weight, int64_t count) {
  const kernels::TensorTypeInfo& type = kernels::info(weight.type);
  return count / type.block * type.bytes;
}

/// Rows [from, from + count) of a matrix, or elements of a vector.
Weight part_of(const Weight& whole, int64_t from, int64_t count) {
  Weight part = whole;
  part.name = concat(whole.name, "[", from, ":", from + count, "]");
  const bool is_vector = whole.n_rows == 1;
  (is_vector ? part.n_cols : part.n_rows) = count;
  const int64_t unit = is_vector ? 1 : whole.n_cols;
  part.data = whole.data.subspan(static_cast<size_t>(bytes_of(whole, from * unit)),
                                 static_cast<size_t>(bytes_of(whole, count * unit)));
  return part;
}

/// The weight as two halves: `id` becomes the first, the returned one is the second.
WeightId split(Plan& plan, WeightId id, int64_t half) {
  const Weight whole = plan.weight(id);
  plan.weights[static_cast<size_t>(id.index)] = part_of(whole, 0, half);
  plan.weights.push_back(part_of(whole, half, half));
  return {static_cast<int>(plan.weights.size()) - 1};
}

}  // namespace

void split_gate_up(Plan& plan) {
  std::vector<int> uses(plan.weights.size());
  for (const Op& op : plan.ops)
    for_each_weight(op, [&uses](WeightId id) { ++uses[static_cast<size_t>(id.index)]; });
  const auto used_once = [&uses](WeightId id) { return !id || uses[static_cast<size_t>(id.index)] == 1; };

  std::vector<bool> splits(plan.ops.size());
  const Rewriter rewriter(plan);
  for (size_t j = 0; j < rewriter.size(); ++j) {
    const Gate* gate = rewriter.find<Gate>(j);
    if (!gate || !gate->up || gate->gate.buffer != gate->up.buffer) continue;
    const int half = gate->gate.width;
    if (gate->up.width != half || std::abs(gate->gate.offset - gate->up.offset) != half) continue;
    const Slot both{gate->gate.buffer, std::min(gate->gate.offset, gate->up.offset), 2 * half};
    const auto producer = rewriter.sole_producer(both, j);
    const Linear* linear = producer ? rewriter.find<Linear>(*producer) : nullptr;
    if (!linear || !used_once(linear->weight) || !used_once(linear->bias)) continue;
    if (linear->bias && half % kernels::info(plan.weight(linear->bias).type).block != 0) continue;
    splits[*producer] = true;
  }

  std::vector<Op> ops;
  for (size_t i = 0; i < plan.ops.size(); ++i) {
    if (!splits[i]) {
      ops.push_back(std::move(plan.ops[i]));
      continue;
    }
    Linear first = std::get<Linear>(plan.ops[i]), second = first;
    const int half = first.out.width / 2;
    second.out = first.out.columns(half, half);
    first.out = first.out.columns(0, half);
    second.weight = split(plan, first.weight, half);
    if (first.bias) second.bias = split(plan, first.bias, half);
    ops.emplace_back(first);
    ops.emplace_back(second);
  }
  plan.ops = std::move(ops);
}

}  // namespace realizar::fusion
