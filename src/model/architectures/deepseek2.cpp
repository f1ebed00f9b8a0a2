#include <cmath>

#include "base/error.hpp"
#include "model/architectures/traits.hpp"
#include "model/rope_tables.hpp"

namespace realizar::model {

using fusion::Slot;

// Latent attention keeps of every position one compressed vector (kv_lora columns) and one rotated key shared
// by all heads. Files hold either the matrix that expands it (attn_kv_b), or its two halves (attn_k_b,
// attn_v_b), with which queries meet the compressed vector itself and the cache stays small.
void build_deepseek2(PlanBuilder& b, const Hyperparameters& hp, const Traits& traits, int n_context) {
  constexpr fusion::NormKind rms = fusion::NormKind::rms;
  const bool absorbed = hp.key_dim_mla != 0 && hp.value_dim_mla != 0;
  const int key_dim = absorbed ? hp.key_dim_mla : hp.key_dim;  // of one head, expanded
  const int value_dim = absorbed ? hp.value_dim_mla : hp.value_dim;
  const int rotated = hp.n_rot, lora = hp.kv_lora;
  const int plain = key_dim - rotated;
  require(lora > 0, ErrorKind::invalid_file, b.not_given("attention.kv_lora_rank"),
          ": latent attention compresses keys and values to so many columns");
  require(plain > 0, ErrorKind::invalid_file, b.where("rope.dimension_count"), " leaves of the ", key_dim,
          " columns of a head none that is not rotated");

  // mscale_all_dim of the published configurations scales the logits of attention; files hold a tenth of it.
  Hyperparameters adjusted = hp;
  RopeScaling& scaling = adjusted.rope_scaling;
  double attention_factor = scaling.attention_factor;
  if (scaling.type == RopeScalingType::yarn) {
    const double all_dims = 10 * scaling.log_multiplier;
    attention_factor *= all_dims == 0 ? yarn_magnitude(scaling.factor, 1) : 1;
    attention_factor *= yarn_magnitude(scaling.factor, all_dims);
  }
  const float scale =
      static_cast<float>(attention_factor * attention_factor / std::sqrt(static_cast<double>(key_dim)));

  Slot x = b.embed(1);
  const int table = add_rope_table(b, adjusted, n_context);
  for (int layer = 0; layer < hp.n_layers; ++layer) {
    b.enter_layer(layer);
    const int n_heads = hp.n_heads[static_cast<size_t>(layer)];
    const Slot n = b.norm(x, "attn_norm", rms);

    const bool compressed_query = !b.has("attn_q.weight");
    const Slot q = compressed_query
                       ? b.linear(b.norm(b.linear(n, "attn_q_a", hp.q_lora), "attn_q_a_norm", rms),
                                  "attn_q_b", n_heads * key_dim)
                       : b.linear(n, "attn_q", n_heads * key_dim);
    const Slot compressed = b.linear(n, "attn_kv_a_mqa", lora + rotated);
    const Slot latent = compressed.columns(0, lora), shared_key = compressed.columns(lora, rotated);
    b.append(fusion::Rope{q, traits.rope, table, n_heads, key_dim, plain, rotated});
    b.append(fusion::Rope{shared_key, traits.rope, table, 1, rotated, 0, rotated});
    b.append(fusion::Norm{
        latent, latent, rms, b.weight("attn_kv_a_norm.weight", {lora}), {}, hp.norm_epsilon, lora});

    fusion::Attention settings;
    settings.n_heads = n_heads;
    settings.scale = scale;
    Slot attended;
    if (absorbed) {
      const Slot reduced = b.slot(n_heads * lora);
      b.append(fusion::HeadLinear{q, reduced, b.weight("attn_k_b.weight", {plain, lora, n_heads}),
                                  b.scale_of("attn_k_b"), n_heads, key_dim});
      const Slot query = b.slot(n_heads * (lora + rotated));
      b.append(fusion::JoinHeads{reduced, q.columns(plain, q.width - plain), query, n_heads, lora, rotated,
                                 lora, key_dim});
      b.keep({1, lora + rotated, 0});
      settings.out = b.slot(n_heads * lora);
      const Slot mixed = b.attention({query, compressed, {}}, settings);
      attended = b.slot(n_heads * value_dim);
      b.append(fusion::HeadLinear{mixed, attended, b.weight("attn_v_b.weight", {lora, value_dim, n_heads}),
                                  b.scale_of("attn_v_b"), n_heads, lora});
    } else {
      const int stride = plain + value_dim;
      const Slot expanded = b.linear(latent, "attn_kv_b", n_heads * stride);
      const Slot keys = b.slot(n_heads * key_dim);
      b.append(fusion::JoinHeads{expanded, shared_key, keys, n_heads, plain, rotated, stride, 0});
      b.keep({n_heads, key_dim, value_dim});
      attended = b.attention({q, keys, expanded.columns(plain, expanded.width - plain)}, settings, stride);
    }
    x = b.add(x, b.linear(attended, "attn_output", hp.n_embd));
    x = b.add(x, feed_forward(b, hp, traits, b.norm(x, "ffn_norm", rms)));
  }
  b.enter_layer(-1);
  b.logits(b.norm(x, "output_norm", rms), 1, 0);
}

}  // namespace realizar::model
