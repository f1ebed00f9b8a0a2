#include "model/multiply_adds.hpp"

#include <algorithm>
#include <variant>

#include "kernels/formats.hpp"

namespace realizar::model {
namespace {

using namespace fusion;

/// Adds up what the ops of a plan multiply.
class Counter {
 public:
  Counter(const Plan& plan, Arithmetic arithmetic) : plan_(plan), arithmetic_(arithmetic) {}

  /// `n_used` matrices of a weight, with `n_tokens` tokens each.
  void add(WeightId id, uint64_t n_used, uint64_t n_tokens) {
    if (!id) return;
    const Weight& weight = plan_.weight(id);
    const uint64_t count = n_tokens * n_used * static_cast<uint64_t>(weight.n_rows * weight.n_cols);
    const bool fast = arithmetic_ == Arithmetic::fast;
    if (fast && kernels::is_block_format(weight.type))
      sum_.int8 += count;
    else if (fast && kernels::has_int16_form(weight.type, weight.n_cols))
      sum_.int16 += count;
    else
      sum_.f32 += count;
  }
  void add_all(WeightId id, uint64_t n_tokens) {
    if (id) add(id, static_cast<uint64_t>(plan_.weight(id).n_matrices), n_tokens);
  }

  const MultiplyAdds& sum() const { return sum_; }

 private:
  const Plan& plan_;
  Arithmetic arithmetic_;
  MultiplyAdds sum_;
};

}  // namespace

MultiplyAdds multiply_adds(const Plan& plan, Arithmetic arithmetic, uint64_t n_tokens, uint64_t n_logits) {
  Counter counter(plan, arithmetic);
  for (const Op& op : plan.ops) {
    if (const auto* linear = std::get_if<Linear>(&op)) counter.add_all(linear->weight, n_tokens);
    if (const auto* heads = std::get_if<HeadLinear>(&op)) counter.add_all(heads->weight, n_tokens);
    if (const auto* logits = std::get_if<Logits>(&op)) counter.add_all(logits->weight, n_logits);
    if (const auto* products = std::get_if<Products>(&op))
      for (const Linear& linear : products->linears) counter.add_all(linear.weight, n_tokens);
    if (const auto* experts = std::get_if<Experts>(&op)) {
      const auto all = static_cast<uint64_t>(plan.weight(experts->down).n_matrices);
      const uint64_t used = std::min(static_cast<uint64_t>(experts->experts.width), all);
      for (const WeightId id : {experts->gate, experts->up, experts->down}) counter.add(id, used, n_tokens);
    }
  }
  return counter.sum();
}

}  // namespace realizar::model
