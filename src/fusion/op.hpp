#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "kernels/activation.hpp"

// The operators of a plan. An op names slots and weights by index; it owns nothing and knows no device.
namespace realizar::fusion {

/// Columns [offset, offset + width) of an activation buffer, for every token: a matrix (n_tokens, width) of
/// f32.
struct Slot {
  int buffer = -1;
  int offset = 0;
  int width = 0;

  explicit operator bool() const { return buffer >= 0; }
  /// Columns [from, from + count) of this slot.
  Slot columns(int from, int count) const { return {buffer, offset + from, count}; }
  bool operator==(const Slot&) const = default;
};

/// Index into Plan::weights; none where the file has no such tensor.
struct WeightId {
  int index = -1;
  explicit operator bool() const { return index >= 0; }
  bool operator==(const WeightId&) const = default;
};

enum class NormKind { rms, layer };
using kernels::Activation;
enum class RopeStyle {
  normal,  ///< rotates neighbours (2i, 2i+1)
  neox,    ///< rotates halves (i, i + n_rot/2)
};
enum class ExpertGating {
  softmax,            ///< softmax over all experts, then the best n_used
  sigmoid,            ///< sigmoid of each score, then the best n_used
  softmax_of_chosen,  ///< the best n_used scores, then softmax over those
};

/// out = scale * table[token], or the token's row of `Batch::rows`
struct Embed {
  WeightId table;  // (n_vocab, width); none: Batch::rows
  Slot out;
  float scale = 1;
};

/// x += table[position]
struct AddPositionEmbedding {
  WeightId table;  // (n_positions, width)
  Slot x;
};

/// out = normalised(in) * weight + bias, over every run of `width` columns (the whole slot, or one head).
struct Norm {
  Slot in, out;
  NormKind kind = NormKind::rms;
  WeightId weight, bias;  // (width), or (n_heads, width) where each head has its own; none: 1 and 0
  float epsilon = 1e-5f;
  int width = 0;
};

/// out = scale * (in @ weight^T) + bias
struct Linear {
  Slot in, out;
  WeightId weight;  // (out.width, in.width)
  WeightId bias;    // (out.width)
  WeightId scale;   // (1)
};

/// One matrix a head: out[h] = in[h] @ weight[h]^T (latent attention).
struct HeadLinear {
  Slot in, out;
  WeightId weight;  // (n_heads, out_width / n_heads, in_width / n_heads)
  WeightId scale;   // (1)
  int n_heads = 0;
  int in_stride = 0;  // columns from one head of `in` to the next; a head's input starts at the stride
};

/// Rotates `n_rot` columns of each head in place by the angles of Plan::rope_tables[table].
struct Rope {
  Slot x;
  RopeStyle style = RopeStyle::normal;
  int table = 0;
  int n_heads = 0;
  int head_stride = 0;  // columns from one head to the next
  int head_offset = 0;  // first rotated column of a head
  int n_rot = 0;
};

/// out[h] = (a[h], b[h]): the heads of two slots side by side; a slot of one head serves every head.
struct JoinHeads {
  Slot a, b, out;
  int n_heads = 0;
  int a_width = 0, b_width = 0;    // columns of one head
  int a_stride = 0, b_stride = 0;  // columns from one head to the next; 0: the same columns for every head
};

/// Appends this batch's keys and values to the cache of a layer.
struct StoreKv {
  Slot k, v;  // (n_kv_heads * key_dim), (n_kv_heads * value_dim)
  int layer = 0;
  int v_stride = 0;  // columns from one value head to the next; 0: value_dim
};

/// out = softmax(scale * q k^T + mask) v over the cached positions of each token's sequence.
struct Attention {
  Slot q, out;  // (n_heads * key_dim), (n_heads * value_dim)
  int layer = 0;
  int n_heads = 0;
  float scale = 0;
  float soft_cap = 0;  // 0: none; else scores become cap * tanh(score / cap)
  int window = 0;      // 0: all earlier positions; else only the last `window`, the token's own included
  float alibi_max_bias = 0;  // 0: none (ALiBi, Press et al. 2021)
  WeightId sinks;            // (n_heads): a logit that takes part in the softmax but has no value
};

/// out = activation(gate) * up; without `up`, out = activation(gate).
struct Gate {
  Slot gate, up, out;
  Activation activation = Activation::silu;
};

/// out = a + factor * b
struct Add {
  Slot a, b, out;
  float factor = 1;
};

/// x *= factor, or x *= weight (one factor, or one a column)
struct Scale {
  Slot x;
  float factor = 1;
  WeightId weight;
};

/// x = cap * tanh(x / cap)
struct SoftCap {
  Slot x;
  float cap = 0;
};

/// a *= sigmoid(gate), one gate a token (shared experts of qwen2moe)
struct SigmoidGate {
  Slot x;
  Slot gate;  // (1)
};

/// Chooses n_used experts for every token. Ties go to the lower expert.
struct Route {
  Slot scores;   // (n_experts) router logits
  Slot experts;  // (n_used) expert indices as f32 whole numbers, ascending by index
  Slot weights;  // (n_used)
  ExpertGating gating = ExpertGating::softmax;
  WeightId selection_bias;              // (n_experts) added to the gate for the choice alone (deepseek-v3)
  int n_groups = 0, n_used_groups = 0;  // 0: no groups; else experts come from the best groups only
  bool normalise = false;               // the chosen weights are divided by their sum
  float scale = 1;
};

/// out = sum over the chosen experts, in order of expert index, of weight * down(activation(gate(x)) * up(x))
struct Experts {
  Slot in, experts, weights, out;
  WeightId gate, up, down;  // (n_experts, ffn, width) twice, (n_experts, width, ffn); gate may be none
  WeightId gate_bias, up_bias, down_bias;     // (n_experts, ffn), (n_experts, ffn), (n_experts, width)
  WeightId gate_scale, up_scale, down_scale;  // (1) or (n_experts)
  Activation activation = Activation::silu;
};

/// The rows of `in` whose logits the batch asks for, times the output matrix; without one the rows
/// themselves.
struct Logits {
  Slot in;
  WeightId weight;  // (n_vocab, in.width); none: the rows themselves
  WeightId bias;    // (n_vocab)
  WeightId scale;   // (1)
  float factor = 1;
  float soft_cap = 0;
};

// ---- ops that only the fusing passes make

/// One pass over the weights of several products of one input:
///   x = norm ? norm(in) : in;  y[i] = linears[i](x), i.e. scale * (x @ weight^T) + bias
///   gate: out = activation(y[0]) * y[1], or activation(y[0]) where the gate has no `up`;
///   add: out = a + factor * y[0];  else each y is stored in linears[i].out.
/// The slots between (norm->out, linears[i].out under a gate or an addition) keep their names and widths, and
/// nothing reads or writes them. `out` may be `a`; what is written never shares columns with `in`.
struct Products {
  Slot in;
  std::optional<Norm> norm;
  std::vector<Linear> linears;
  std::optional<Gate> gate;
  std::optional<Add> add;
};

struct Op;

/// Cheap ops that treat every token by itself, one after the other: norms of heads, rotation, the store to
/// the cache.
struct PerToken {
  std::vector<Op> ops;
};

using OpVariant =
    std::variant<Embed, AddPositionEmbedding, Norm, Linear, HeadLinear, Rope, JoinHeads, StoreKv, Attention,
                 Gate, Add, Scale, SoftCap, SigmoidGate, Route, Experts, Logits, Products, PerToken>;

struct Op : OpVariant {
  using OpVariant::OpVariant;
};

}  // namespace realizar::fusion
