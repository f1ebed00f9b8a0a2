#include "fusion/plan.hpp"

namespace realizar::fusion {
namespace {

using SlotVisitor = std::function<void(const Slot&)>;

/// Slots in the order in which the op's definition names them; an op that works in place reads and writes its
/// slot.
struct SlotWalk {
  const SlotVisitor& read;
  const SlotVisitor& write;

  void in_place(const Slot& x) const {
    read(x);
    write(x);
  }

  void operator()(const Embed& op) const { write(op.out); }
  void operator()(const AddPositionEmbedding& op) const { in_place(op.x); }
  void operator()(const Norm& op) const {
    read(op.in);
    write(op.out);
  }
  void operator()(const Linear& op) const {
    read(op.in);
    write(op.out);
  }
  void operator()(const HeadLinear& op) const {
    read(op.in);
    write(op.out);
  }
  void operator()(const Rope& op) const { in_place(op.x); }
  void operator()(const JoinHeads& op) const {
    read(op.a);
    read(op.b);
    write(op.out);
  }
  void operator()(const StoreKv& op) const {
    read(op.k);
    if (op.v) read(op.v);
  }
  void operator()(const Attention& op) const {
    read(op.q);
    write(op.out);
  }
  void operator()(const Gate& op) const {
    read(op.gate);
    if (op.up) read(op.up);
    write(op.out);
  }
  void operator()(const Add& op) const {
    read(op.a);
    read(op.b);
    write(op.out);
  }
  void operator()(const Scale& op) const { in_place(op.x); }
  void operator()(const SoftCap& op) const { in_place(op.x); }
  void operator()(const SigmoidGate& op) const {
    read(op.gate);
    in_place(op.x);
  }
  void operator()(const Route& op) const {
    read(op.scores);
    write(op.experts);
    write(op.weights);
  }
  void operator()(const Experts& op) const {
    read(op.in);
    read(op.experts);
    read(op.weights);
    write(op.out);
  }
  void operator()(const Logits& op) const { read(op.in); }
  void operator()(const Products& op) const {
    read(op.in);
    if (op.add) read(op.add->a);
    if (op.gate)
      write(op.gate->out);
    else if (op.add)
      write(op.add->out);
    else
      for (const Linear& linear : op.linears) write(linear.out);
  }
  void operator()(const PerToken& op) const {
    for (const Op& inner : op.ops) for_each_slot(inner, read, write);
  }
};

struct WeightWalk {
  const std::function<void(WeightId)>& fn;

  template <class... Ids>
  void all(Ids... ids) const {
    (void(ids ? fn(ids) : void()), ...);
  }

  void operator()(const Embed& op) const { all(op.table); }
  void operator()(const AddPositionEmbedding& op) const { all(op.table); }
  void operator()(const Norm& op) const { all(op.weight, op.bias); }
  void operator()(const Linear& op) const { all(op.weight, op.bias, op.scale); }
  void operator()(const HeadLinear& op) const { all(op.weight, op.scale); }
  void operator()(const Rope&) const {}
  void operator()(const JoinHeads&) const {}
  void operator()(const StoreKv&) const {}
  void operator()(const Attention& op) const { all(op.sinks); }
  void operator()(const Gate&) const {}
  void operator()(const Add&) const {}
  void operator()(const Scale& op) const { all(op.weight); }
  void operator()(const SoftCap&) const {}
  void operator()(const SigmoidGate&) const {}
  void operator()(const Route& op) const { all(op.selection_bias); }
  void operator()(const Experts& op) const {
    all(op.gate, op.gate_bias, op.gate_scale, op.up, op.up_bias, op.up_scale, op.down, op.down_bias,
        op.down_scale);
  }
  void operator()(const Logits& op) const { all(op.weight, op.bias, op.scale); }
  void operator()(const Products& op) const {
    if (op.norm) (*this)(*op.norm);
    for (const Linear& linear : op.linears) (*this)(linear);
  }
  void operator()(const PerToken& op) const {
    for (const Op& inner : op.ops) for_each_weight(inner, fn);
  }
};

}  // namespace

void for_each_slot(const Op& op, const SlotVisitor& read, const SlotVisitor& write) {
  std::visit(SlotWalk{read, write}, static_cast<const OpVariant&>(op));
}

void for_each_weight(const Op& op, const std::function<void(WeightId)>& fn) {
  std::visit(WeightWalk{fn}, static_cast<const OpVariant&>(op));
}

const char* name(const Op& op) {
  // In the order of OpVariant.
  static constexpr const char* names[] = {"embed",       "add_position_embedding",
                                          "norm",        "linear",
                                          "head_linear", "rope",
                                          "join_heads",  "store_kv",
                                          "attention",   "gate",
                                          "add",         "scale",
                                          "soft_cap",    "sigmoid_gate",
                                          "route",       "experts",
                                          "logits",      "products",
                                          "per_token"};
  static_assert(std::size(names) == std::variant_size_v<OpVariant>);
  return names[op.index()];
}

}  // namespace realizar::fusion
