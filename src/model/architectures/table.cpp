#include <cmath>

#include "model/architectures/traits.hpp"

namespace realizar::model {
namespace {

using enum fusion::Activation;
constexpr auto layer_norm = fusion::NormKind::layer;
constexpr auto neox = fusion::RopeStyle::neox;

float root(double x) { return static_cast<float>(std::sqrt(x)); }
float embedding_scale(const Hyperparameters& hp) { return hp.embedding_scale; }
float residual_scale(const Hyperparameters& hp) { return hp.residual_scale; }
float logit_scale(const Hyperparameters& hp) { return hp.logit_scale; }
float logit_divisor(const Hyperparameters& hp) { return hp.logit_scale == 0 ? 0 : 1 / hp.logit_scale; }
float attention_scale(const Hyperparameters& hp) { return hp.attention_scale; }
float root_of_width(const Hyperparameters& hp) { return root(hp.n_embd); }

/// The 27B models of gemma2 (46 layers) and gemma3 (62) scale by the width a head would have without
/// key_length.
float gemma_attention_scale(const Hyperparameters& hp) {
  const bool is_27b = hp.n_layers == (hp.architecture == "gemma2" ? 46 : 62);
  return 1 / root(is_27b ? static_cast<double>(hp.n_embd) / hp.n_heads[0] : hp.key_dim);
}

// MiniCPM files from before these keys existed take the constants of the published 2B model.
float minicpm_embedding_scale(const Hyperparameters& hp) {
  return hp.embedding_scale == 0 ? 12 : hp.embedding_scale;
}
float minicpm_residual_scale(const Hyperparameters& hp) {
  return hp.residual_scale == 0 ? 1.4f / root(hp.n_layers) : hp.residual_scale;
}
float minicpm_logit_factor(const Hyperparameters& hp) {
  return hp.logit_scale == 0 ? 256.0f / static_cast<float>(hp.n_embd) : 1 / hp.logit_scale;
}

const Traits rows[] = {
    {.architecture = "bloom",
     .norm = layer_norm,
     .has_rope = false,
     .activation = gelu_tanh,
     .ffn_gate = FfnGate::none,
     .alibi_max_bias = 8},
    {.architecture = "cohere2",
     .norm = layer_norm,
     .residual = Residual::parallel,
     .rope_in_windows_only = true,
     .ffn_scales = ScaleUse::after_bias,
     .windows = Windows::periodic,
     .window_period = 4,
     .logit_factor = logit_scale},
    {.architecture = "command-r",
     .norm = layer_norm,
     .residual = Residual::parallel,
     .logit_factor = logit_scale},
    {.architecture = "deepseek2", .normalise_experts = false, .build = build_deepseek2},
    {.architecture = "falcon",
     .norm = layer_norm,
     .residual = Residual::parallel,
     .rope = neox,
     .activation = gelu_tanh,
     .ffn_gate = FfnGate::none},
    {.architecture = "gemma", .rope = neox, .activation = gelu_tanh, .embedding_scale = root_of_width},
    {.architecture = "gemma2",
     .norm_place = NormPlace::before_and_after,
     .rope = neox,
     .activation = gelu_tanh,
     .windows = Windows::periodic,
     .window = 4096,
     .window_period = 2,
     .embedding_scale = root_of_width,
     .attention_scale = gemma_attention_scale,
     .attention_soft_cap = 50,
     .logit_soft_cap = 30},
    {.architecture = "gemma3",
     .norm_place = NormPlace::before_and_after,
     .rope = neox,
     .activation = gelu_tanh,
     .qk_norm = QkNorm::heads,
     .windows = Windows::periodic,
     .window_period = 6,
     .rope_base_windowed = 10000,
     .scaled_rope_in_windows = false,
     .embedding_scale = root_of_width,
     .attention_scale = gemma_attention_scale,
     .reads_logit_soft_cap = true},
    {.architecture = "gpt-oss",
     .ffn_norm = "post_attention_norm",
     .rope = neox,
     .activation = swiglu_oai,
     .windows = Windows::periodic,
     .window_period = 2,
     .gating = fusion::ExpertGating::softmax_of_chosen,
     .normalise_experts = false},
    {.architecture = "gpt2",
     .norm = layer_norm,
     .has_rope = false,
     .activation = gelu_tanh,
     .ffn_gate = FfnGate::none},
    {.architecture = "gptneox",
     .norm = layer_norm,
     .residual = Residual::parallel_by_key,
     .rope = neox,
     .activation = gelu_tanh,
     .ffn_gate = FfnGate::none},
    {.architecture = "granite",
     .rope_by_key = true,
     .embedding_scale = embedding_scale,
     .residual_scale = residual_scale,
     .logit_factor = logit_divisor,
     .attention_scale = attention_scale},
    {.architecture = "granitemoe",
     .embedding_scale = embedding_scale,
     .residual_scale = residual_scale,
     .logit_factor = logit_divisor,
     .attention_scale = attention_scale},
    {.architecture = "internlm2"},
    {.architecture = "llama",
     .ffn_scales = ScaleUse::after_bias,
     .windows = Windows::all,
     .attention_scale = attention_scale},
    {.architecture = "minicpm",
     .embedding_scale = minicpm_embedding_scale,
     .residual_scale = minicpm_residual_scale,
     .logit_factor = minicpm_logit_factor},
    {.architecture = "mpt",
     .norm = layer_norm,
     .has_rope = false,
     .activation = gelu_tanh,
     .ffn_gate = FfnGate::none},
    {.architecture = "olmo2",
     .norm_place = NormPlace::after,
     .rope = neox,
     .qk_norm = QkNorm::whole,
     .windows = Windows::periodic,  // OLMo 3
     .window_period = 4,
     .scaled_rope_in_windows = false},
    {.architecture = "phi2",
     .norm = layer_norm,
     .residual = Residual::parallel,
     .rope = neox,
     .activation = gelu_tanh,
     .ffn_gate = FfnGate::none},
    {.architecture = "phi3", .rope = neox, .ffn_gate = FfnGate::fused},
    {.architecture = "qwen2", .rope = neox},
    {.architecture = "qwen2moe", .rope = neox, .normalise_experts = false, .experts_share_ff = true},
    {.architecture = "qwen3", .rope = neox, .ffn_scales = ScaleUse::after_bias, .qk_norm = QkNorm::heads},
    {.architecture = "qwen3moe",
     .rope = neox,
     .ffn_scales = ScaleUse::after_bias,
     .qk_norm = QkNorm::heads,
     .experts_share_ff = true},
    {.architecture = "smollm3", .no_rope_period = 4, .attention_scale = attention_scale},
    {.architecture = "stablelm",
     .norm = layer_norm,
     .residual = Residual::parallel_if_one_norm,
     .rope = neox},
    {.architecture = "starcoder2",
     .norm = layer_norm,
     .rope = neox,
     .activation = gelu_tanh,
     .ffn_gate = FfnGate::none},
};

}  // namespace

std::span<const Traits> all_traits() { return rows; }

}  // namespace realizar::model
