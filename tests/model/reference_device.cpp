#include "model/reference_device.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "kernels/dequantize.hpp"

namespace realizar::model {

using namespace fusion;
using Values = std::vector<double>;

const std::vector<float>& ReferenceDevice::floats(WeightId id) {
  std::vector<float>& out = floats_[id.index];
  if (out.empty()) {
    const Weight& w = plan_.weight(id);
    out.resize(static_cast<size_t>(w.n_cols * w.n_rows * w.n_matrices));
    kernels::dequantize(w.type, reinterpret_cast<const uint8_t*>(w.data.data()), out.size(), out.data());
  }
  return out;
}

namespace {

double activate(Activation kind, double x) {
  switch (kind) {
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
    case Activation::gelu_erf:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::gelu_quick:
      return x / (1 + std::exp(-1.702 * x));
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::relu_squared:
      return x > 0 ? x * x : 0;
    case Activation::swiglu_oai:
      break;
  }
  throw std::logic_error("not a function of one number");
}

double gated(Activation kind, double gate, double up) {
  if (kind != Activation::swiglu_oai) return activate(kind, gate) * up;
  // gpt-oss: both clamped to 7, the sigmoid sharpened, and 1 added to the up half.
  const double g = std::min(gate, 7.0), u = std::clamp(up, -7.0, 7.0);
  return g / (1 + std::exp(-1.702 * g)) * (u + 1);
}

void softmax(Values& x) {
  const double top = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (double& v : x) sum += v = std::exp(v - top);
  for (double& v : x) v /= sum;
}

}  // namespace

/// One token on its way through the plan.
struct Interpreter {
  ReferenceDevice& device;
  int token, position;
  bool wants_logits;
  std::vector<Values> buffers{};

  double& at(const Slot& s, int i) {
    return buffers[static_cast<size_t>(s.buffer)][static_cast<size_t>(s.offset + i)];
  }
  Values read(const Slot& s) {
    Values out;
    for (int i = 0; i < s.width; ++i) out.push_back(at(s, i));
    return out;
  }
  void write(const Slot& s, const Values& v) {
    for (size_t i = 0; i < v.size(); ++i) at(s, static_cast<int>(i)) = v[i];
  }
  double weight(WeightId id, size_t i, double absent) {
    return id ? static_cast<double>(device.floats(id)[i]) : absent;
  }

  /// The matrix of an expert or a head times x.
  Values product(WeightId id, size_t matrix, const Values& x) {
    const Weight& w = device.plan_.weight(id);
    const auto rows = static_cast<size_t>(w.n_rows), cols = static_cast<size_t>(w.n_cols);
    const float* m = device.floats(id).data() + matrix * rows * cols;
    Values out(rows);
    for (size_t r = 0; r < rows; ++r)
      for (size_t c = 0; c < cols; ++c) out[r] += static_cast<double>(m[r * cols + c]) * x[c];
    return out;
  }
  double factor_of(WeightId id, size_t matrix) {
    return id ? weight(id, device.floats(id).size() == 1 ? 0 : matrix, 1) : 1;
  }

  void operator()(const Embed& op) {
    const auto width = static_cast<size_t>(op.out.width);
    for (size_t i = 0; i < width; ++i)
      at(op.out, static_cast<int>(i)) =
          op.scale * weight(op.table, static_cast<size_t>(token) * width + i, 0);
  }
  void operator()(const AddPositionEmbedding& op) {
    const auto width = static_cast<size_t>(op.x.width);
    for (size_t i = 0; i < width; ++i)
      at(op.x, static_cast<int>(i)) += weight(op.table, static_cast<size_t>(position) * width + i, 0);
  }
  Values normalised(const Norm& op) {
    const size_t count = op.weight ? device.floats(op.weight).size() : 1;
    Values out;
    for (int from = 0; from < op.in.width; from += op.width) {
      const Values x = read(op.in.columns(from, op.width));
      double mean = 0, square = 0;
      if (op.kind == NormKind::layer) mean = std::accumulate(x.begin(), x.end(), 0.0) / op.width;
      for (const double v : x) square += (v - mean) * (v - mean);
      const double scale = 1 / std::sqrt(square / op.width + op.epsilon);
      for (const double v : x) {
        const size_t w = out.size() % count;
        out.push_back((v - mean) * scale * weight(op.weight, w, 1) + weight(op.bias, w, 0));
      }
    }
    return out;
  }
  Values linear(const Linear& op, const Values& x) {
    Values y = product(op.weight, 0, x);
    for (size_t i = 0; i < y.size(); ++i) y[i] = y[i] * factor_of(op.scale, 0) + weight(op.bias, i, 0);
    return y;
  }

  void operator()(const Norm& op) { write(op.out, normalised(op)); }
  void operator()(const Linear& op) { write(op.out, linear(op, read(op.in))); }
  void operator()(const HeadLinear& op) {
    const Weight& w = device.plan_.weight(op.weight);
    for (int h = 0; h < op.n_heads; ++h) {
      Values y = product(op.weight, static_cast<size_t>(h),
                         read(op.in.columns(h * op.in_stride, static_cast<int>(w.n_cols))));
      for (double& v : y) v *= factor_of(op.scale, 0);
      write(op.out.columns(h * static_cast<int>(w.n_rows), static_cast<int>(w.n_rows)), y);
    }
  }
  void operator()(const Rope& op) {
    const RopeTable& table = device.plan_.rope_tables[static_cast<size_t>(op.table)];
    for (int h = 0; h < op.n_heads; ++h)
      for (int pair = 0; pair < op.n_rot / 2; ++pair) {
        const double angle = position * table.inverse_frequency[static_cast<size_t>(pair)];
        const double c = std::cos(angle) * table.magnitude, s = std::sin(angle) * table.magnitude;
        const int head = h * op.head_stride + op.head_offset;
        const bool neox = op.style == RopeStyle::neox;
        double& a = at(op.x, head + (neox ? pair : 2 * pair));
        double& b = at(op.x, head + (neox ? pair + op.n_rot / 2 : 2 * pair + 1));
        const double x = a, y = b;
        a = x * c - y * s;
        b = x * s + y * c;
      }
  }
  void operator()(const JoinHeads& op) {
    for (int h = 0; h < op.n_heads; ++h) {
      const int to = h * (op.a_width + op.b_width);
      for (int i = 0; i < op.a_width; ++i) at(op.out, to + i) = at(op.a, h * op.a_stride + i);
      for (int i = 0; i < op.b_width; ++i) at(op.out, to + op.a_width + i) = at(op.b, h * op.b_stride + i);
    }
  }
  void operator()(const StoreKv& op) {
    const auto layer = static_cast<size_t>(op.layer);
    const KvShape& kv = device.plan_.kv[layer];
    const auto n = static_cast<size_t>(position) + 1;
    device.keys_[layer].resize(n);
    device.values_[layer].resize(n);
    device.keys_[layer].back() = read(op.k);
    Values& v = device.values_[layer].back();
    v.clear();
    const int stride = op.v_stride ? op.v_stride : kv.value_dim;
    for (int h = 0; op.v && h < kv.n_kv_heads; ++h)
      for (int i = 0; i < kv.value_dim; ++i) v.push_back(at(op.v, h * stride + i));
  }
  void operator()(const Attention& op) {
    const auto layer = static_cast<size_t>(op.layer);
    const KvShape& kv = device.plan_.kv[layer];
    const auto& stored = kv.value_dim ? device.values_[layer] : device.keys_[layer];
    const int value_dim = op.out.width / op.n_heads;
    const int value_stride = kv.value_dim ? kv.value_dim : kv.key_dim;
    int power = 1;
    while (2 * power <= op.n_heads) power *= 2;
    const int first = op.window ? std::max(0, position - op.window + 1) : 0;
    for (int h = 0; h < op.n_heads; ++h) {
      const int kv_head = h / (op.n_heads / kv.n_kv_heads);
      // ALiBi: slopes fall by powers of 2^(-max_bias / heads), and between them for heads beyond a power of
      // two.
      const double slope = op.alibi_max_bias == 0 ? 0
                           : h < power
                               ? std::exp2(-op.alibi_max_bias * (h + 1.0) / power)
                               : std::exp2(-op.alibi_max_bias * (2.0 * (h - power) + 1) / (2.0 * power));
      Values scores;
      for (int p = first; p <= position; ++p) {
        double dot = 0;
        for (int i = 0; i < kv.key_dim; ++i)
          dot += at(op.q, h * kv.key_dim + i) *
                 device.keys_[layer][static_cast<size_t>(p)][static_cast<size_t>(kv_head * kv.key_dim + i)];
        dot *= op.scale;
        if (op.soft_cap != 0) dot = op.soft_cap * std::tanh(dot / op.soft_cap);
        scores.push_back(dot + slope * (p - position));
      }
      if (op.sinks) scores.push_back(weight(op.sinks, static_cast<size_t>(h), 0));
      softmax(scores);
      Values out(static_cast<size_t>(value_dim));
      for (int p = first; p <= position; ++p)
        for (int i = 0; i < value_dim; ++i)
          out[static_cast<size_t>(i)] +=
              scores[static_cast<size_t>(p - first)] *
              stored[static_cast<size_t>(p)][static_cast<size_t>(kv_head * value_stride + i)];
      write(op.out.columns(h * value_dim, value_dim), out);
    }
  }
  void operator()(const Gate& op) {
    for (int i = 0; i < op.out.width; ++i)
      at(op.out, i) = op.up ? gated(op.activation, at(op.gate, i), at(op.up, i))
                            : activate(op.activation, at(op.gate, i));
  }
  void operator()(const Add& op) {
    for (int i = 0; i < op.out.width; ++i) at(op.out, i) = at(op.a, i) + op.factor * at(op.b, i);
  }
  void operator()(const Scale& op) {
    for (int i = 0; i < op.x.width; ++i)
      at(op.x, i) *= op.weight ? factor_of(op.weight, static_cast<size_t>(i)) : op.factor;
  }
  void operator()(const SoftCap& op) {
    for (int i = 0; i < op.x.width; ++i) at(op.x, i) = op.cap * std::tanh(at(op.x, i) / op.cap);
  }
  void operator()(const SigmoidGate& op) {
    const double gate = 1 / (1 + std::exp(-at(op.gate, 0)));
    for (int i = 0; i < op.x.width; ++i) at(op.x, i) *= gate;
  }
  void operator()(const Route& op) {
    Values gates = read(op.scores);
    if (op.gating == ExpertGating::softmax) softmax(gates);
    if (op.gating == ExpertGating::sigmoid)
      for (double& g : gates) g = 1 / (1 + std::exp(-g));
    Values choice = gates;
    for (size_t i = 0; i < choice.size(); ++i) choice[i] += weight(op.selection_bias, i, 0);
    if (op.n_groups > 0) {  // a group is as good as its two best experts together
      const size_t size = choice.size() / static_cast<size_t>(op.n_groups);
      std::vector<std::pair<double, size_t>> groups;
      for (size_t g = 0; g < static_cast<size_t>(op.n_groups); ++g) {
        Values group(choice.begin() + static_cast<long>(g * size),
                     choice.begin() + static_cast<long>((g + 1) * size));
        std::sort(group.rbegin(), group.rend());
        groups.emplace_back(-(group[0] + (size > 1 ? group[1] : 0)), g);
      }
      std::sort(groups.begin(), groups.end());
      for (size_t g = static_cast<size_t>(op.n_used_groups); g < groups.size(); ++g)
        for (size_t i = 0; i < size; ++i) choice[groups[g].second * size + i] = -INFINITY;
    }
    std::vector<int> order(choice.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      return choice[static_cast<size_t>(a)] > choice[static_cast<size_t>(b)];
    });
    order.resize(static_cast<size_t>(op.experts.width));
    std::sort(order.begin(), order.end());
    Values chosen;
    for (const int e : order) chosen.push_back(gates[static_cast<size_t>(e)]);
    if (op.gating == ExpertGating::softmax_of_chosen) softmax(chosen);
    const double sum = op.normalise ? std::accumulate(chosen.begin(), chosen.end(), 0.0) : 1;
    for (double& c : chosen) c *= op.scale / sum;
    write(op.weights, chosen);
    write(op.experts, Values(order.begin(), order.end()));
  }
  void operator()(const Experts& op) {
    const Values x = read(op.in);
    Values out(static_cast<size_t>(op.out.width));
    const auto expert_product = [&](WeightId w, WeightId bias, WeightId scale, size_t expert,
                                    const Values& in) {
      Values y = product(w, expert, in);
      for (size_t i = 0; i < y.size(); ++i)
        y[i] = y[i] * factor_of(scale, expert) + weight(bias, expert * y.size() + i, 0);
      return y;
    };
    for (int k = 0; k < op.experts.width; ++k) {
      const auto expert = static_cast<size_t>(at(op.experts, k));
      Values up = expert_product(op.up, op.up_bias, op.up_scale, expert, x);
      if (op.gate) {
        const Values gate = expert_product(op.gate, op.gate_bias, op.gate_scale, expert, x);
        for (size_t i = 0; i < up.size(); ++i) up[i] = gated(op.activation, gate[i], up[i]);
      } else {
        for (double& v : up) v = activate(op.activation, v);
      }
      const Values y = expert_product(op.down, op.down_bias, op.down_scale, expert, up);
      for (size_t i = 0; i < y.size(); ++i) out[i] += at(op.weights, k) * y[i];
    }
    write(op.out, out);
  }
  void operator()(const Logits& op) {
    if (!wants_logits) return;
    Values y = product(op.weight, 0, read(op.in));
    for (size_t i = 0; i < y.size(); ++i) {
      double v = (y[i] * factor_of(op.scale, 0) + weight(op.bias, i, 0)) * op.factor;
      if (op.soft_cap != 0) v = op.soft_cap * std::tanh(v / op.soft_cap);
      device.logits_.push_back(static_cast<float>(v));
    }
  }
  void operator()(const Products& op) {
    const Values x = op.norm ? normalised(*op.norm) : read(op.in);
    std::vector<Values> y;
    for (const Linear& l : op.linears) y.push_back(linear(l, x));
    if (op.gate) {
      const Activation activation = op.gate->activation;
      for (size_t i = 0; i < y[0].size(); ++i)
        y[0][i] = op.gate->up ? gated(activation, y[0][i], y[1][i]) : activate(activation, y[0][i]);
      write(op.gate->out, y[0]);
    } else if (op.add) {
      for (int i = 0; i < op.add->out.width; ++i)
        at(op.add->out, i) = at(op.add->a, i) + op.add->factor * y[0][static_cast<size_t>(i)];
    } else {
      for (size_t i = 0; i < y.size(); ++i) write(op.linears[i].out, y[i]);
    }
  }
  void operator()(const PerToken& op) {
    for (const Op& inner : op.ops) std::visit(*this, static_cast<const OpVariant&>(inner));
  }
};

std::span<const float> ReferenceDevice::run(const Batch& batch) {
  logits_.clear();
  for (size_t t = 0; t < batch.tokens.size(); ++t) {
    Interpreter interpreter{*this, batch.tokens[t], batch.positions[t], batch.wants_logits[t] != 0};
    // NaN until written, so that no result can rest on a slot that nothing stores.
    for (const int width : plan_.buffer_widths)
      interpreter.buffers.emplace_back(static_cast<size_t>(width), std::numeric_limits<double>::quiet_NaN());
    for (const Op& op : plan_.ops) std::visit(interpreter, static_cast<const OpVariant&>(op));
  }
  return logits_;
}

std::vector<float> reference_logits(fusion::Plan plan, const std::vector<int32_t>& tokens,
                                    std::vector<uint8_t> wants_logits) {
  std::vector<int32_t> positions(tokens.size());
  const std::vector<int32_t> sequences(tokens.size());
  std::iota(positions.begin(), positions.end(), 0);
  wants_logits.resize(tokens.size(), 1);
  ReferenceDevice device(std::move(plan));
  const auto logits = device.run({tokens, positions, sequences, wants_logits, {}});
  return {logits.begin(), logits.end()};
}

}  // namespace realizar::model
