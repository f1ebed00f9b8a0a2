#pragma once

#include <cstddef>
#include <vector>

#include "fusion/plan.hpp"

namespace realizar::fusion {

/// What a plan does with each of its weights; some embeddings serve as output matrix too.
struct WeightUses {
  explicit WeightUses(const Plan& plan);

  std::vector<bool> product, table, values;  // (weights of the plan)
  std::vector<bool> token_table;             // those of `table` whose rows are tokens
  std::vector<size_t> order;                 // the weights, each once, as the ops come to them

 private:
  void mark(std::vector<bool>& use, WeightId id);
  void visit(const Op& op);
};

}  // namespace realizar::fusion
