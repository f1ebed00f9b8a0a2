#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "model/architectures/traits.hpp"
#include "model/rope_tables.hpp"

namespace realizar::model {

using fusion::Slot;

namespace {

Slot dense_ffn(PlanBuilder& b, const Traits& traits, Slot x, const std::string& suffix, int n_ff) {
  const ScaleUse scales = traits.ffn_scales;
  Slot gate, up;
  switch (traits.ffn_gate) {
    case FfnGate::separate:
      gate = b.linear(x, "ffn_gate" + suffix, n_ff, scales);
      up = b.linear(x, "ffn_up" + suffix, n_ff, scales);
      break;
    case FfnGate::fused: {
      const Slot both = b.linear(x, "ffn_up" + suffix, 2 * n_ff, scales);
      gate = both.columns(0, n_ff);
      up = both.columns(n_ff, n_ff);
      break;
    }
    case FfnGate::none:
      gate = b.linear(x, "ffn_up" + suffix, n_ff, scales);
  }
  return b.linear(b.activate(gate, up, traits.activation), "ffn_down" + suffix, x.width, scales);
}

fusion::ExpertGating gating_of(const Hyperparameters& hp, const Traits& traits) {
  switch (hp.expert_gating) {
    case 1:
      return fusion::ExpertGating::softmax;
    case 2:
      return fusion::ExpertGating::sigmoid;
    case 3:
      return fusion::ExpertGating::softmax_of_chosen;
    default:
      return traits.gating;
  }
}

Slot experts_ffn(PlanBuilder& b, const Hyperparameters& hp, const Traits& traits, Slot x) {
  const int n = hp.n_experts;
  const int dense_ff = hp.n_ff[static_cast<size_t>(b.layer())];
  int n_ff = hp.expert_ff;
  if (n_ff == 0) n_ff = traits.experts_share_ff ? dense_ff / hp.n_experts_used : dense_ff;
  require(n_ff > 0, ErrorKind::invalid_file, b.not_given("expert_feed_forward_length"),
          ", and feed_forward_length gives layer ", b.layer(), " no columns inside an expert");

  fusion::Route route;
  route.scores = b.linear(x, "ffn_gate_inp", n);
  route.experts = b.slot(hp.n_experts_used);
  route.weights = b.slot(hp.n_experts_used);
  route.gating = gating_of(hp, traits);
  route.selection_bias = b.optional_weight("exp_probs_b.bias", {n});
  route.n_groups = hp.n_expert_groups;
  route.n_used_groups = hp.n_expert_groups_used;
  route.normalise = traits.normalise_experts || hp.expert_weights_norm;
  route.scale = hp.expert_weights_scale == 0 ? 1 : hp.expert_weights_scale;
  b.append(route);

  fusion::Experts experts;
  experts.in = x;
  experts.experts = route.experts;
  experts.weights = route.weights;
  experts.out = b.slot(x.width);
  experts.gate = b.weight("ffn_gate_exps.weight", {x.width, n_ff, n});
  experts.up = b.weight("ffn_up_exps.weight", {x.width, n_ff, n});
  experts.down = b.weight("ffn_down_exps.weight", {n_ff, x.width, n});
  experts.gate_bias = b.optional_weight("ffn_gate_exps.bias", {n_ff, n});
  experts.up_bias = b.optional_weight("ffn_up_exps.bias", {n_ff, n});
  experts.down_bias = b.optional_weight("ffn_down_exps.bias", {x.width, n});
  experts.gate_scale = b.scale_of("ffn_gate_exps", n, traits.ffn_scales);
  experts.up_scale = b.scale_of("ffn_up_exps", n, traits.ffn_scales);
  experts.down_scale = b.scale_of("ffn_down_exps", n, traits.ffn_scales);
  experts.activation = traits.activation;
  b.append(experts);

  if (!b.has("ffn_up_shexp.weight")) return experts.out;
  const int shared_ff =
      hp.shared_expert_ff != 0 ? hp.shared_expert_ff : n_ff * std::max(1, hp.n_shared_experts);
  const Slot shared = dense_ffn(b, traits, x, "_shexp", shared_ff);
  if (b.has("ffn_gate_inp_shexp.weight")) {
    const Slot gate = b.linear(x, "ffn_gate_inp_shexp", 1);
    b.append(fusion::SigmoidGate{shared, gate});
  }
  return b.add(experts.out, shared);
}

/// One layer's choices that depend on its index.
struct LayerKind {
  int window = 0;
  bool rotates = true;
};

LayerKind layer_kind(const Hyperparameters& hp, const Traits& traits, int layer) {
  LayerKind kind;
  bool windowed = traits.windows == Windows::all;
  if (traits.windows == Windows::periodic) {
    const int period = hp.window_period != 0 ? hp.window_period : traits.window_period;
    windowed = period > 0 && layer % period < period - 1;
  }
  if (traits.windows != Windows::none && !hp.windowed_layers.empty())
    windowed = hp.windowed_layers[static_cast<size_t>(layer)];
  const int window = hp.window != 0 ? hp.window : traits.window;
  if (windowed) kind.window = window;
  kind.rotates = traits.has_rope && !(traits.rope_in_windows_only && !windowed) &&
                 !(traits.no_rope_period != 0 && (layer + 1) % traits.no_rope_period == 0);
  return kind;
}

float number(Number read, const Hyperparameters& hp, float absent) {
  const float value = read ? read(hp) : 0;
  return value == 0 ? absent : value;
}

}  // namespace

Slot feed_forward(PlanBuilder& b, const Hyperparameters& hp, const Traits& traits, Slot x) {
  const bool routed = hp.n_experts > 0 && b.layer() >= hp.n_leading_dense;
  if (routed) return experts_ffn(b, hp, traits, x);
  const int n_ff = hp.n_ff[static_cast<size_t>(b.layer())];
  require(n_ff > 0, ErrorKind::invalid_file, b.not_given("feed_forward_length"), ": layer ", b.layer(),
          " needs the columns inside its feed-forward network");
  return dense_ffn(b, traits, x, "", n_ff);
}

void build_decoder(PlanBuilder& b, const Hyperparameters& hp, const Traits& traits, int n_context) {
  require(hp.clamp_qkv == 0, ErrorKind::unsupported, b.where("attention.clamp_kqv"),
          " asks for clamped projections, which no operator does yet");
  const bool before = traits.norm_place != NormPlace::after;
  const bool after = traits.norm_place != NormPlace::before;
  const float residual_scale = number(traits.residual_scale, hp, 1);
  const double plain_scale = 1 / std::sqrt(static_cast<double>(hp.key_dim));
  const float attention_scale = number(traits.attention_scale, hp, static_cast<float>(plain_scale));

  Slot x = b.embed(number(traits.embedding_scale, hp, 1));
  if (b.has("position_embd.weight"))
    b.append(fusion::AddPositionEmbedding{b.weight("position_embd.weight", {hp.n_embd, hp.n_context}), x});
  if (b.has("token_embd_norm.weight")) x = b.norm(x, "token_embd_norm", traits.norm);

  int table = -1, windowed_table = -1;
  if (traits.has_rope && (hp.rope_scaling.finetuned || !traits.rope_by_key)) {
    table = windowed_table = add_rope_table(b, hp, n_context);
    const double base = hp.rope_base_windowed != 0 ? hp.rope_base_windowed : traits.rope_base_windowed;
    if (traits.windows == Windows::periodic && (base != 0 || !traits.scaled_rope_in_windows)) {
      const RopeScaling scaling = traits.scaled_rope_in_windows ? effective_scaling(hp) : RopeScaling{};
      windowed_table = b.rope_table(make_rope_table(base != 0 ? base : hp.rope_base, hp.n_rot, scaling));
    }
  }

  for (int layer = 0; layer < hp.n_layers; ++layer) {
    b.enter_layer(layer);
    const int n_heads = hp.n_heads[static_cast<size_t>(layer)];
    const int n_kv_heads = hp.n_kv_heads[static_cast<size_t>(layer)];
    const LayerKind kind = layer_kind(hp, traits, layer);
    b.keep({n_kv_heads, hp.key_dim, hp.value_dim});

    const Slot normed = before ? b.norm(x, "attn_norm", traits.norm) : x;
    const bool second_norm = b.has("attn_norm_2.weight");  // falcon 40B: attention has a norm of its own
    const Qkv qkv = b.qkv(second_norm ? b.norm(x, "attn_norm_2", traits.norm) : normed, n_heads, n_kv_heads);
    b.norm_heads(qkv.q, "attn_q_norm", traits.norm, n_heads, hp.key_dim, traits.qk_norm);
    b.norm_heads(qkv.k, "attn_k_norm", traits.norm, n_kv_heads, hp.key_dim, traits.qk_norm);
    if (kind.rotates && table >= 0) {
      const int t = kind.window != 0 ? windowed_table : table;
      b.append(fusion::Rope{qkv.q, traits.rope, t, n_heads, hp.key_dim, 0, hp.n_rot});
      b.append(fusion::Rope{qkv.k, traits.rope, t, n_kv_heads, hp.key_dim, 0, hp.n_rot});
    }
    fusion::Attention settings;
    settings.n_heads = n_heads;
    settings.scale = attention_scale;
    if (traits.attention_soft_cap != 0)
      settings.soft_cap = hp.attention_soft_cap != 0 ? hp.attention_soft_cap : traits.attention_soft_cap;
    settings.window = kind.window;
    if (!traits.has_rope)
      settings.alibi_max_bias = hp.alibi_max_bias != 0 ? hp.alibi_max_bias : traits.alibi_max_bias;
    settings.sinks = b.optional_weight("attn_sinks.weight", {n_heads});
    Slot attended = b.linear(b.attention(qkv, settings), "attn_output", hp.n_embd);
    if (after) attended = b.norm(attended, "post_attention_norm", traits.norm);

    const bool has_ffn_norm = b.has(concat(traits.ffn_norm, ".weight"));
    const bool parallel = traits.residual == Residual::parallel ||
                          (traits.residual == Residual::parallel_by_key && hp.parallel_residual) ||
                          (traits.residual == Residual::parallel_if_one_norm && !has_ffn_norm);
    const Slot middle = b.add(x, attended, residual_scale);
    Slot inner = parallel ? x : middle;
    if (parallel && !has_ffn_norm && traits.residual != Residual::parallel_by_key)
      inner = normed;
    else if (before)
      inner = b.norm(inner, traits.ffn_norm, traits.norm);
    Slot fed = feed_forward(b, hp, traits, inner);
    if (after) fed = b.norm(fed, "post_ffw_norm", traits.norm);
    x = b.add(middle, fed, residual_scale);
  }

  b.enter_layer(-1);
  float soft_cap = traits.logit_soft_cap;
  if ((soft_cap != 0 || traits.reads_logit_soft_cap) && hp.logit_soft_cap != 0) soft_cap = hp.logit_soft_cap;
  b.logits(b.norm(x, "output_norm", traits.norm), number(traits.logit_factor, hp, 1), soft_cap);
}

}  // namespace realizar::model
