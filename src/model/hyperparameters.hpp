#pragma once

#include <string>
#include <vector>

#include "formats/gguf.hpp"

namespace realizar::model {

/// How a model's rotary embedding is stretched beyond the context it was trained on.
enum class RopeScalingType {
  none,
  linear,    ///< every frequency divided by the factor
  ntk,       ///< the base raised, so that the slowest frequency is divided by the factor (bloc97, 2023)
  yarn,      ///< fast frequencies kept, slow ones divided (Peng et al. 2023)
  longrope,  ///< a factor tensor for short contexts and one for long ones (Ding et al. 2024)
};

/// The kind of scaling and its numbers.
struct RopeScaling {
  RopeScalingType type = RopeScalingType::none;
  double factor = 1;
  double attention_factor = 1;  // multiplies both parts of the rotation
  int original_context = 0;     // positions trained for before scaling
  bool finetuned = true;
  double extrapolation = 1;  // YaRN: share of the unscaled angle that fast frequencies keep
  double beta_fast = 32, beta_slow = 1;
  double log_multiplier = 0;  // YaRN: mscale_all_dim
};

/// The numbers of a model's metadata under `{architecture}.*`, validated. What a file leaves out, or holds as
/// 0 or -1, is the default; a float of 0 stands for "not given".
struct Hyperparameters {
  std::string architecture;

  int n_context = 0;  // positions the model was trained for; 0: not given
  int n_vocab = 0;    // rows of the embedding; 0: not given
  int n_embd = 0;     // columns of the residual stream
  int n_layers = 0;

  // One a layer.
  std::vector<int> n_heads, n_kv_heads;
  std::vector<int> n_ff;  // columns inside the dense feed-forward network; 0 where there is none

  int key_dim = 0, value_dim = 0;  // of one head
  int n_rot = 0;                   // columns of a head that are rotated

  float norm_epsilon = 0;

  int n_experts = 0;  // 0: a dense model
  int n_experts_used = 0;
  int n_shared_experts = 0;
  int expert_ff = 0;         // columns inside one expert; 0: not given
  int shared_expert_ff = 0;  // columns inside the shared experts together; 0: not given
  int n_expert_groups = 0, n_expert_groups_used = 0;
  int n_leading_dense = 0;  // first layers without experts
  int expert_gating = 0;    // 0: the family's; 1: softmax, 2: sigmoid, 3: softmax of the chosen
  bool expert_weights_norm = false;
  float expert_weights_scale = 0;

  int window = 0;                     // positions that a windowed layer sees
  int window_period = 0;              // every so many layers one sees everything; 0: the family's
  std::vector<bool> windowed_layers;  // one a layer, or empty

  double rope_base = 10000;
  double rope_base_windowed = 0;  // of windowed layers; 0: the family's
  RopeScaling rope_scaling;

  float embedding_scale = 0, residual_scale = 0, logit_scale = 0, attention_scale = 0;
  float attention_soft_cap = 0, logit_soft_cap = 0;
  float alibi_max_bias = 0;
  float clamp_qkv = 0;
  bool parallel_residual = false;

  // Latent attention: columns of the compressed query and of the compressed keys and values, and of one
  // head's query and value where the file stores the absorbed form.
  int q_lora = 0, kv_lora = 0;
  int key_dim_mla = 0, value_dim_mla = 0;
};

/// Reads and validates the hyperparameters of a file of the given architecture. Throws `Error` of kind
/// invalid_file naming the key and its offset.
Hyperparameters read_hyperparameters(const formats::Gguf& file, const std::string& architecture);

}  // namespace realizar::model
