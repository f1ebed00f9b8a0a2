#include "fusion/passes/passes.hpp"
#include "fusion/passes/rewriter.hpp"

namespace realizar::fusion {
namespace {

bool may_join(const std::vector<Linear>& group, const Linear& linear) {
  if (linear.in != group.front().in || overlap(linear.out, linear.in)) return false;
  for (const Linear& member : group)
    if (overlap(member.out, linear.out) || overlap(member.out, linear.in)) return false;
  return true;
}

}  // namespace

void group_linears(Plan& plan) {
  Rewriter rewriter(plan);
  for (size_t i = 0; i < rewriter.size(); ++i) {
    const Linear* first = rewriter.find<Linear>(i);
    if (!first) continue;
    std::vector<Linear> group = {*first};
    for (const size_t j : rewriter.readers(first->in)) {
      const Linear* linear = j > i ? rewriter.find<Linear>(j) : nullptr;
      if (!linear || !may_join(group, *linear) || !rewriter.can_move(j, i)) continue;
      group.push_back(*linear);
      rewriter.remove(j);
    }
    rewriter.replace(i, Products{group.front().in, {}, group, {}, {}});
  }
  rewriter.finish();
}

}  // namespace realizar::fusion
