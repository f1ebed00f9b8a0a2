#pragma once

#include <span>

#include "fusion/op.hpp"
#include "model/hyperparameters.hpp"
#include "model/plan_builder.hpp"

namespace realizar::model {

/// Where the norms of a layer stand.
enum class NormPlace {
  before,            ///< of attention and feed-forward network
  before_and_after,  ///< both, the second before the residual is added (gemma2)
  after,             ///< only there (olmo2)
};

/// How attention and feed-forward network follow each other.
enum class Residual {
  series,
  parallel,             ///< both read the layer's input
  parallel_by_key,      ///< as `use_parallel_residual` says (gptneox)
  parallel_if_one_norm  ///< where a layer has no norm of its own for the feed-forward network (stablelm)
};

/// Which layers see a window only.
enum class Windows {
  none,  ///< a key of the file is ignored
  all,
  periodic,  ///< all but every window_period-th
};

/// The gate of a dense feed-forward network.
enum class FfnGate {
  separate,  ///< ffn_gate
  fused,     ///< ffn_up holds gate and up, one above the other (phi3)
  none,
};

/// Reads one number off the hyperparameters.
using Number = float (*)(const Hyperparameters&);

/// What sets one decoder family apart. Biases, fused queries, keys and values,
/// sinks, learned positions, shared experts and tied outputs follow from the tensors the file has.
struct Traits {
  const char* architecture;
  fusion::NormKind norm = fusion::NormKind::rms;
  NormPlace norm_place = NormPlace::before;
  const char* ffn_norm = "ffn_norm";
  Residual residual = Residual::series;
  fusion::RopeStyle rope = fusion::RopeStyle::normal;
  bool has_rope = true;
  bool rope_by_key = false;           // rope.scaling.finetuned = false turns rotation off (granite)
  bool rope_in_windows_only = false;  // cohere2
  int no_rope_period = 0;             // every so many layers has no rotation (smollm3)
  fusion::Activation activation = fusion::Activation::silu;
  /// In most families the established engines leave the scales of the feed-forward network aside, experts
  /// included.
  ScaleUse ffn_scales = ScaleUse::nvfp4_only;
  FfnGate ffn_gate = FfnGate::separate;
  QkNorm qk_norm = QkNorm::optional;
  Windows windows = Windows::none;
  int window = 0;  // where the file gives none
  int window_period = 0;
  double rope_base_windowed = 0;  // where the file gives none; 0: that of the other layers
  bool scaled_rope_in_windows = true;
  Number embedding_scale = nullptr;
  Number residual_scale = nullptr;
  Number logit_factor = nullptr;
  Number attention_scale = nullptr;  // 1 / sqrt(key_dim) where none or 0
  float attention_soft_cap = 0;      // where the file gives none; 0: the family has none
  float logit_soft_cap = 0;
  bool reads_logit_soft_cap = false;  // a cap where the file gives one
  float alibi_max_bias = 0;
  fusion::ExpertGating gating = fusion::ExpertGating::softmax;
  bool normalise_experts = true;
  bool experts_share_ff = false;  // an expert has feed_forward_length / n_experts_used columns
  void (*build)(PlanBuilder&, const Hyperparameters&, const Traits&,
                int n_context) = nullptr;  // none: build_decoder
};

/// One row a family.
std::span<const Traits> all_traits();

/// The decoder that most families share.
void build_decoder(PlanBuilder& b, const Hyperparameters& hp, const Traits& traits, int n_context);

/// deepseek2: latent attention (DeepSeek-V2, 2024).
void build_deepseek2(PlanBuilder& b, const Hyperparameters& hp, const Traits& traits, int n_context);

/// The feed-forward network of the builder's layer, dense or of experts, as its tensors say.
fusion::Slot feed_forward(PlanBuilder& b, const Hyperparameters& hp, const Traits& traits, fusion::Slot x);

}  // namespace realizar::model
