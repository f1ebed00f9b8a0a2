#include <utility>

#include "fusion/passes/passes.hpp"

namespace realizar::fusion {
namespace {

template <class... Ops>
bool is_any(const Op& op) {
  return (std::holds_alternative<Ops>(op) || ...);
}

bool is_per_token(const Op& op) {
  return is_any<AddPositionEmbedding, Norm, Rope, JoinHeads, StoreKv, Gate, Add, Scale, SoftCap, SigmoidGate,
                Route>(op);
}

}  // namespace

void gather_per_token(Plan& plan) {
  std::vector<Op> ops;
  PerToken run;
  const auto end_run = [&] {
    if (!run.ops.empty()) ops.emplace_back(std::exchange(run, {}));
  };
  for (Op& op : plan.ops) {
    if (is_per_token(op)) {
      run.ops.push_back(std::move(op));
    } else {
      end_run();
      ops.push_back(std::move(op));
    }
  }
  end_run();
  plan.ops = std::move(ops);
}

}  // namespace realizar::fusion
