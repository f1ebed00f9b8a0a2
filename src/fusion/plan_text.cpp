#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "fusion/kv_access.hpp"
#include "fusion/layers.hpp"
#include "fusion/plan.hpp"

namespace realizar::fusion {
namespace {

const char* text(NormKind kind) { return kind == NormKind::rms ? "rms" : "layer"; }

const char* text(Activation activation) {
  switch (activation) {
    case Activation::silu:
      return "silu";
    case Activation::gelu_tanh:
      return "gelu_tanh";
    case Activation::gelu_erf:
      return "gelu_erf";
    case Activation::gelu_quick:
      return "gelu_quick";
    case Activation::relu:
      return "relu";
    case Activation::relu_squared:
      return "relu_squared";
    case Activation::swiglu_oai:
      return "swiglu_oai";
  }
  return "";
}

const char* text(ExpertGating gating) {
  switch (gating) {
    case ExpertGating::softmax:
      return "softmax";
    case ExpertGating::sigmoid:
      return "sigmoid";
    case ExpertGating::softmax_of_chosen:
      return "softmax_of_chosen";
  }
  return "";
}

std::string if_set(const char* label, float value, float unset) {
  return value == unset ? "" : concat(", ", label, " ", value);
}

/// What tells two ops of one name apart, in a few words.
struct Settings {
  template <class O>
  std::string operator()(const O&) const {
    return "";
  }
  std::string operator()(const Embed& op) const { return op.scale == 1 ? "" : concat("times ", op.scale); }
  std::string operator()(const Norm& op) const {
    return op.width == op.in.width ? text(op.kind) : concat(text(op.kind), " of ", op.width);
  }
  std::string operator()(const HeadLinear& op) const { return concat(op.n_heads, " heads"); }
  std::string operator()(const Rope& op) const {
    return concat(op.style == RopeStyle::neox ? "neox" : "normal", ", ", op.n_heads, " heads, ", op.n_rot,
                  " columns, table ", op.table);
  }
  std::string operator()(const JoinHeads& op) const { return concat(op.n_heads, " heads"); }
  std::string operator()(const StoreKv& op) const { return concat("layer ", op.layer); }
  std::string operator()(const Attention& op) const {
    return concat("layer ", op.layer, ", ", op.n_heads, " heads", if_set("soft cap", op.soft_cap, 0),
                  op.window == 0 ? "" : concat(", window ", op.window),
                  if_set("ALiBi", op.alibi_max_bias, 0));
  }
  std::string operator()(const Gate& op) const { return text(op.activation); }
  std::string operator()(const Add& op) const { return op.factor == 1 ? "" : concat("times ", op.factor); }
  std::string operator()(const Scale& op) const { return op.weight ? "" : concat("times ", op.factor); }
  std::string operator()(const SoftCap& op) const { return concat("cap ", op.cap); }
  std::string operator()(const Route& op) const {
    return concat(op.experts.width, " of ", op.scores.width, ", ", text(op.gating));
  }
  std::string operator()(const Experts& op) const { return text(op.activation); }
  std::string operator()(const Logits& op) const {
    const std::string settings = if_set("times", op.factor, 1) + if_set("soft cap", op.soft_cap, 0);
    return settings.empty() ? "" : settings.substr(2);
  }
  std::string operator()(const Products& op) const {
    std::string parts;
    if (op.norm) parts += concat("norm ", text(op.norm->kind), " + ");
    parts += op.linears.size() == 1 ? "linear" : concat(op.linears.size(), " linears");
    if (op.gate) parts += concat(" + gate ", text(op.gate->activation));
    if (op.add) parts += op.add->factor == 1 ? " + add" : concat(" + add times ", op.add->factor);
    return parts;
  }
  std::string operator()(const PerToken& op) const {
    std::string parts;
    for (const Op& inner : op.ops) parts += (parts.empty() ? "" : " + ") + std::string(name(inner));
    return parts;
  }
};

std::string settings(const Op& op) { return std::visit(Settings{}, static_cast<const OpVariant&>(op)); }

/// "3:576" is all of buffer 3; "3[64:192]" its columns from 64 up to 192.
std::string text(const Plan& plan, const Slot& slot) {
  if (slot.offset == 0 && slot.width == plan.buffer_widths[static_cast<size_t>(slot.buffer)])
    return concat(slot.buffer, ":", slot.width);
  return concat(slot.buffer, "[", slot.offset, ":", slot.offset + slot.width, "]");
}

/// Appends what is not in the list yet.
template <class T>
void add_once(std::vector<T>& list, const T& item) {
  for (const T& known : list)
    if (known == item) return;
  list.push_back(item);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : " ") + part;
  return out;
}

std::string escaped(const std::string& label) {
  std::string out;
  for (const char c : label) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string line_of(const Plan& plan, const Op& op) {
  std::vector<std::string> reads, writes, weights;
  for_each_slot(
      op, [&](const Slot& slot) { add_once(reads, text(plan, slot)); },
      [&](const Slot& slot) { add_once(writes, text(plan, slot)); });
  for_each_weight(op, [&](WeightId id) {
    const Weight& weight = plan.weight(id);
    weights.push_back(concat(weight.name, "=", kernels::info(weight.type).name));
  });
  std::vector<std::string> columns = {name(op)};
  if (const std::string chosen = settings(op); !chosen.empty()) columns.push_back("(" + chosen + ")");
  if (!reads.empty()) columns.push_back(joined(reads));
  if (!writes.empty()) columns.push_back("-> " + joined(writes));
  if (!weights.empty()) columns.push_back("| " + joined(weights));
  return joined(columns) + "\n";
}

/// "norm, 3 product": names one after the other, those of a run together.
std::string runs_of(const std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0, n = 0; i < names.size(); i += n) {
    for (n = 1; i + n < names.size() && names[i + n] == names[i];) ++n;
    out += (out.empty() ? "" : ", ") + (n > 1 ? concat(n, " ") : std::string()) + names[i];
  }
  return out;
}

/// How many kernels there are before the first layer, in each, and behind the last.
std::string count_by_layer(const Plan& plan, const KernelNames& kernels) {
  const auto count = [&](size_t first, size_t end) {
    size_t n = 0;
    for (size_t i = first; i < end; ++i) n += kernels[i].size();
    return n;
  };
  const std::vector<LayerStart> starts = layer_starts(plan);
  size_t least = SIZE_MAX, most = 0;
  for (size_t layer = 0; layer + 1 < starts.size(); ++layer) {
    const size_t n = count(starts[layer].op, starts[layer + 1].op);
    least = std::min(least, n);
    most = std::max(most, n);
  }
  return concat(count(0, kernels.size()), " kernels: ", count(0, starts.front().op), " before the layers, ",
                least, least < most ? concat(" to ", most) : "", " in each of ", starts.size() - 1, ", ",
                count(starts.back().op, kernels.size()), " behind them\n");
}

}  // namespace

std::string to_text(const Plan& plan) {
  std::string out;
  for (const Op& op : plan.ops) out += line_of(plan, op);
  return out;
}

std::string to_text(const Plan& plan, const KernelNames& kernels) {
  std::string out;
  for (size_t i = 0; i < plan.ops.size(); ++i) {
    out += line_of(plan, plan.ops[i]);
    if (!kernels[i].empty()) out += "    " + runs_of(kernels[i]) + "\n";
  }
  return out + count_by_layer(plan, kernels);
}

std::string to_dot(const Plan& plan) {
  std::string nodes, edges;
  std::map<int, std::vector<std::pair<Slot, size_t>>> written;  // by buffer: what was written, by which op
  std::map<int, size_t> stored;                                 // by layer: the op that wrote to the cache
  for (size_t i = 0; i < plan.ops.size(); ++i) {
    const Op& op = plan.ops[i];
    const std::string chosen = settings(op);
    std::string label = name(op);
    if (!chosen.empty()) label += "\\n" + escaped(chosen);
    for_each_weight(op, [&](WeightId id) { label += "\\n" + escaped(plan.weight(id).name); });
    nodes += concat("  op", i, " [label=\"", label, "\"];\n");

    std::set<std::pair<size_t, int>> sources;
    const auto read = [&](const Slot& slot) {
      for (const auto& [other, writer] : written[slot.buffer])
        if (writer != i && other.offset < slot.offset + slot.width &&
            slot.offset < other.offset + other.width && sources.emplace(writer, slot.buffer).second)
          edges += concat("  op", writer, " -> op", i, " [label=\"", text(plan, slot), "\"];\n");
    };
    const auto write = [&](const Slot& slot) {
      auto& writers = written[slot.buffer];
      // What this write covers cannot be read any more.
      std::erase_if(writers, [&](const auto& earlier) {
        return slot.offset <= earlier.first.offset &&
               earlier.first.offset + earlier.first.width <= slot.offset + slot.width;
      });
      writers.emplace_back(slot, i);
    };
    for_each_slot(op, read, write);
    for_each_kv_access(
        op, [&](int layer) { stored[layer] = i; },
        [&](int layer) {
          if (stored.contains(layer))
            edges += concat("  op", stored[layer], " -> op", i, " [style=dashed, label=\"cache\"];\n");
        });
  }
  return "digraph plan {\n  node [shape=box];\n" + nodes + edges + "}\n";
}

}  // namespace realizar::fusion
