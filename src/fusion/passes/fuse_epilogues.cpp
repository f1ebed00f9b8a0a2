#include "fusion/passes/passes.hpp"
#include "fusion/passes/rewriter.hpp"

namespace realizar::fusion {
namespace {

/// The product that makes exactly `slot` for the op at `reader`, and that could be done there.
std::optional<size_t> linear_for(const Rewriter& rewriter, const Slot& slot, size_t reader) {
  const auto i = rewriter.sole_producer(slot, reader);
  if (!i || !rewriter.find<Linear>(*i) || !rewriter.can_move(*i, reader)) return std::nullopt;
  return i;
}

}  // namespace

void fuse_gates(Plan& plan) {
  Rewriter rewriter(plan);
  for (size_t j = 0; j < rewriter.size(); ++j) {
    const Gate* gate = rewriter.find<Gate>(j);
    if (!gate) continue;
    const auto first = linear_for(rewriter, gate->gate, j);
    if (!first) continue;
    const Linear& gate_linear = *rewriter.find<Linear>(*first);
    if (overlap(gate->out, gate_linear.in)) continue;
    Products products{gate_linear.in, {}, {gate_linear}, *gate, {}};
    if (gate->up) {
      const auto second = linear_for(rewriter, gate->up, j);
      if (!second || *second == *first || rewriter.find<Linear>(*second)->in != gate_linear.in) continue;
      products.linears.push_back(*rewriter.find<Linear>(*second));
      rewriter.remove(*second);
    }
    rewriter.remove(*first);
    rewriter.replace(j, std::move(products));
  }
  rewriter.finish();
}

void fuse_adds(Plan& plan) {
  Rewriter rewriter(plan);
  for (size_t j = 0; j < rewriter.size(); ++j) {
    const Add* add = rewriter.find<Add>(j);
    if (!add || overlap(add->a, add->b)) continue;
    const auto i = linear_for(rewriter, add->b, j);
    if (!i) continue;
    const Linear linear = *rewriter.find<Linear>(*i);
    if (overlap(add->out, linear.in)) continue;
    rewriter.remove(*i);
    rewriter.replace(j, Products{linear.in, {}, {linear}, {}, *add});
  }
  rewriter.finish();
}

}  // namespace realizar::fusion
