#pragma once

#include <string>
#include <utility>

#include "fusion/plan.hpp"

namespace realizar::fusion {

/// Builds plans of a few ops. Weights have names and shapes; those given values hold them as f32.
struct SmallPlan {
  Plan plan;

  Slot slot(int width) {
    plan.buffer_widths.push_back(width);
    return {static_cast<int>(plan.buffer_widths.size()) - 1, 0, width};
  }
  WeightId weight(const std::string& name, int64_t n_cols, int64_t n_rows = 1) {
    Weight weight;
    weight.name = name;
    weight.n_cols = n_cols;
    weight.n_rows = n_rows;
    plan.weights.push_back(weight);
    return {static_cast<int>(plan.weights.size()) - 1};
  }
  template <class O>
  void append(O op) {
    plan.ops.emplace_back(std::move(op));
  }

  Slot embed(int width) {
    const Slot out = slot(width);
    append(Embed{weight("embedding", width, 10), out});
    return out;
  }
  Slot norm(Slot x, const std::string& name) {
    const Slot out = slot(x.width);
    append(Norm{x, out, NormKind::rms, weight(name, x.width), {}, 1e-5f, x.width});
    return out;
  }
  Slot linear(Slot x, const std::string& name, int width) {
    const Slot out = slot(width);
    append(Linear{x, out, weight(name, x.width, width), {}, {}});
    return out;
  }
  Slot gate(Slot gate, Slot up) {
    const Slot out = slot(gate.width);
    append(Gate{gate, up, out, Activation::silu});
    return out;
  }
  Slot add(Slot a, Slot b) {
    const Slot out = slot(a.width);
    append(Add{a, b, out});
    return out;
  }
  void logits(Slot x) { append(Logits{x, weight("output", x.width, 10), {}, {}}); }
};

}  // namespace realizar::fusion
