#include "model/hyperparameters.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace realizar::model {
namespace {

using formats::Gguf;
using formats::Metadata;

// Bounds that no model comes near, so that products of a few of these numbers fit 64 bits and their matrices'
// widths fit an int.
constexpr int64_t max_layers = 4096;
constexpr int64_t max_width = int64_t{1} << 24;
constexpr int64_t max_context = int64_t{1} << 30;

/// Reads keys below `{architecture}.`; every error names the key and where it stands.
class Keys {
 public:
  Keys(const Gguf& file, std::string architecture) : file_(file), prefix_(std::move(architecture) + ".") {}

  std::string where(const std::string& key) const {
    const Metadata* entry = file_.find(prefix_ + key);
    return entry ? file_.where(*entry) : file_.where(prefix_ + key);
  }

  std::string not_given(const std::string& key) const { return file_.not_given(prefix_ + key); }

  const Metadata* find(const std::string& key) const { return file_.find(prefix_ + key); }

  /// A whole number up to `limit`; 0 when absent, 0 or -1 (in either width, signed or not).
  int whole(const std::string& key, int64_t limit = max_width) const {
    return checked(key, file_.get_whole(prefix_ + key), limit);
  }

  int required_whole(const std::string& key, int64_t limit = max_width) const {
    const int value = whole(key, limit);
    require(value > 0, ErrorKind::invalid_file, not_given(key), ": the file describes no model that can run");
    return value;
  }

  /// One whole number a layer, which the file may give as one for all; `absent` for those it leaves out.
  std::vector<int> per_layer(const std::string& key, int n_layers, int absent) const {
    std::vector<int> values(static_cast<size_t>(n_layers), absent);
    if (!find(key)) return values;
    const auto stored = file_.get_repeated<int64_t>(prefix_ + key, values.size());
    for (size_t i = 0; i < values.size(); ++i) values[i] = checked(key, stored[i], max_width);
    return values;
  }

  /// A finite number; 0 when absent or -1.
  float number(const std::string& key) const {
    const float value = file_.get_f32_or(prefix_ + key, 0);
    require(std::isfinite(value), ErrorKind::invalid_file, where(key), " is not a finite number");
    return value == -1 ? 0 : value;
  }

  /// A finite number above zero; `absent` when the file leaves it out.
  float positive(const std::string& key, float absent) const {
    const float value = number(key);
    if (value == 0) return absent;
    require(value > 0, ErrorKind::invalid_file, where(key), " is ", value, ", and must be above zero");
    return value;
  }

  bool flag(const std::string& key, bool absent) const { return file_.get_bool_or(prefix_ + key, absent); }

  std::string text(const std::string& key) const {
    return std::string(file_.get_string_or(prefix_ + key, ""));
  }

  std::vector<bool> flags(const std::string& key) const { return file_.get_array<bool>(prefix_ + key); }

 private:
  int checked(const std::string& key, int64_t value, int64_t limit) const {
    if (value == -1 || value == int64_t{UINT32_MAX}) return 0;  // the ways to write "not given"
    require(value >= 0 && value <= limit, ErrorKind::invalid_file, where(key), " is ", value,
            ", outside 0 to ", limit);
    return static_cast<int>(value);
  }

  const Gguf& file_;
  std::string prefix_;
};

RopeScaling read_rope_scaling(const Keys& keys, int n_context) {
  RopeScaling scaling;
  const std::string type = keys.text("rope.scaling.type");
  if (type == "linear" || type.empty())
    scaling.type = RopeScalingType::linear;
  else if (type == "none")
    scaling.type = RopeScalingType::none;
  else if (type == "yarn")
    scaling.type = RopeScalingType::yarn;
  else if (type == "longrope" || type == "su")
    scaling.type = RopeScalingType::longrope;
  else if (type == "ntk" || type == "dynamic")
    scaling.type = RopeScalingType::ntk;
  else
    fail(ErrorKind::unsupported, keys.where("rope.scaling.type"), " is ", formats::quoted(type),
         "; known are none, linear, ntk, yarn, longrope");
  // rope.scale_linear is the key of files from before scaling had types.
  scaling.factor = keys.positive("rope.scaling.factor", keys.positive("rope.scale_linear", 1));
  scaling.attention_factor = keys.positive("rope.scaling.attn_factor", 1);
  scaling.original_context = keys.whole("rope.scaling.original_context_length", max_context);
  if (scaling.original_context == 0) scaling.original_context = n_context;
  const bool by_context = scaling.type == RopeScalingType::yarn || scaling.type == RopeScalingType::longrope;
  require(scaling.original_context > 0 || !by_context, ErrorKind::invalid_file,
          keys.not_given("rope.scaling.original_context_length"),
          ", and so is context_length: the scaling of the rotation needs one of the two");
  scaling.finetuned = keys.flag("rope.scaling.finetuned", true);
  if (keys.find("rope.scaling.yarn_ext_factor")) {
    const float stored = keys.number("rope.scaling.yarn_ext_factor");
    if (stored > 0) scaling.extrapolation = stored;
  }
  scaling.beta_fast = keys.positive("rope.scaling.yarn_beta_fast", 32);
  scaling.beta_slow = keys.positive("rope.scaling.yarn_beta_slow", 1);
  scaling.log_multiplier = keys.number("rope.scaling.yarn_log_multiplier");
  return scaling;
}

void read_heads(const Keys& keys, Hyperparameters& hp) {
  hp.n_heads = keys.per_layer("attention.head_count", hp.n_layers, 0);
  hp.n_kv_heads = keys.per_layer("attention.head_count_kv", hp.n_layers, 0);
  for (size_t i = 0; i < hp.n_heads.size(); ++i) {
    const int n_heads = hp.n_heads[i];
    require(n_heads > 0, ErrorKind::invalid_file, keys.not_given("attention.head_count"), ": layer ", i,
            " needs at least one head");
    if (hp.n_kv_heads[i] == 0) hp.n_kv_heads[i] = n_heads;
    require(n_heads % hp.n_kv_heads[i] == 0, ErrorKind::invalid_file, keys.where("attention.head_count_kv"),
            " is ", hp.n_kv_heads[i], ", which does not divide the ", n_heads, " heads of layer ", i);
  }
  const int n_heads = hp.n_heads[0];
  hp.key_dim = keys.whole("attention.key_length");
  hp.value_dim = keys.whole("attention.value_length");
  if (hp.key_dim == 0 || hp.value_dim == 0) {
    require(hp.n_embd % n_heads == 0, ErrorKind::invalid_file, keys.where("attention.head_count"), " is ",
            n_heads, ", which does not divide the embedding length ", hp.n_embd,
            ", and the file gives no attention.key_length and value_length");
    if (hp.key_dim == 0) hp.key_dim = hp.n_embd / n_heads;
    if (hp.value_dim == 0) hp.value_dim = hp.n_embd / n_heads;
  }
  const int64_t widest = *std::max_element(hp.n_heads.begin(), hp.n_heads.end());
  require(widest * std::max(hp.key_dim, hp.value_dim) <= max_width, ErrorKind::invalid_file,
          keys.where("attention.head_count"), " is ", widest, ": heads of ",
          std::max(hp.key_dim, hp.value_dim), " columns would make a matrix too wide");
  hp.n_rot = keys.whole("rope.dimension_count");
  if (hp.n_rot == 0) hp.n_rot = hp.key_dim;
  require(hp.n_rot % 2 == 0 && hp.n_rot <= hp.key_dim, ErrorKind::invalid_file,
          keys.where("rope.dimension_count"), " is ", hp.n_rot, ", and must be even and at most the ",
          hp.key_dim, " columns of a head");
}

void read_experts(const Keys& keys, Hyperparameters& hp) {
  hp.n_experts = keys.whole("expert_count");
  hp.n_experts_used = keys.whole("expert_used_count");
  hp.n_shared_experts = keys.whole("expert_shared_count");
  hp.expert_ff = keys.whole("expert_feed_forward_length");
  hp.shared_expert_ff = keys.whole("expert_shared_feed_forward_length");
  hp.n_expert_groups = keys.whole("expert_group_count");
  hp.n_expert_groups_used = keys.whole("expert_group_used_count");
  hp.n_leading_dense = keys.whole("leading_dense_block_count");
  hp.expert_gating = keys.whole("expert_gating_func");
  hp.expert_weights_norm = keys.flag("expert_weights_norm", false);
  hp.expert_weights_scale = keys.number("expert_weights_scale");
  require(hp.expert_gating <= 3, ErrorKind::unsupported, keys.where("expert_gating_func"), " is ",
          hp.expert_gating, "; known are 1 (softmax), 2 (sigmoid) and 3 (softmax of the chosen)");
  if (hp.n_experts == 0) {
    require(hp.n_experts_used == 0, ErrorKind::invalid_file, keys.where("expert_used_count"), " is ",
            hp.n_experts_used, " in a model without experts");
    return;
  }
  require(hp.n_experts_used > 0, ErrorKind::invalid_file, keys.not_given("expert_used_count"),
          " in a model of ", hp.n_experts, " experts");
  require(hp.n_experts_used <= hp.n_experts, ErrorKind::invalid_file, keys.where("expert_used_count"), " is ",
          hp.n_experts_used, ", more than the ", hp.n_experts, " experts there are");
  if (hp.n_expert_groups <= 1) hp.n_expert_groups = hp.n_expert_groups_used = 0;
  if (hp.n_expert_groups > 0) {
    require(hp.n_experts % hp.n_expert_groups == 0, ErrorKind::invalid_file, keys.where("expert_group_count"),
            " is ", hp.n_expert_groups, ", which does not divide the ", hp.n_experts, " experts");
    require(hp.n_expert_groups_used > 0 && hp.n_expert_groups_used <= hp.n_expert_groups,
            ErrorKind::invalid_file, keys.where("expert_group_used_count"), " is ", hp.n_expert_groups_used,
            " of ", hp.n_expert_groups, " groups");
    require(hp.n_experts_used <= hp.n_expert_groups_used * (hp.n_experts / hp.n_expert_groups),
            ErrorKind::invalid_file, keys.where("expert_used_count"), " is ", hp.n_experts_used,
            ", more than the experts of ", hp.n_expert_groups_used, " groups");
  }
}

void read_windows(const Keys& keys, Hyperparameters& hp) {
  hp.window = keys.whole("attention.sliding_window", INT32_MAX);
  const std::string pattern = "attention.sliding_window_pattern";
  const Metadata* entry = keys.find(pattern);
  if (!entry) return;
  if (!entry->is_array) {
    hp.window_period = keys.whole(pattern);
    return;
  }
  if (entry->type == formats::GgufType::boolean) {
    hp.windowed_layers = keys.flags(pattern);
    require(hp.windowed_layers.size() == static_cast<size_t>(hp.n_layers), ErrorKind::invalid_file,
            keys.where(pattern), " has ", hp.windowed_layers.size(), " elements for ", hp.n_layers,
            " layers");
  } else {
    for (const int value : keys.per_layer(pattern, hp.n_layers, 0)) hp.windowed_layers.push_back(value != 0);
  }
}

}  // namespace

Hyperparameters read_hyperparameters(const Gguf& file, const std::string& architecture) {
  const Keys keys(file, architecture);
  Hyperparameters hp;
  hp.architecture = architecture;
  hp.n_layers = keys.required_whole("block_count", max_layers);
  require(static_cast<size_t>(hp.n_layers) <= file.tensors().size(), ErrorKind::invalid_file,
          keys.where("block_count"), " is ", hp.n_layers, ", and the file has ", file.tensors().size(),
          " tensors");
  hp.n_embd = keys.required_whole("embedding_length");
  hp.n_context = keys.whole("context_length", max_context);
  if (const formats::TensorInfo* positions = file.find_tensor("position_embd.weight");
      positions && hp.n_context == 0)
    hp.n_context = static_cast<int>(std::min<uint64_t>(positions->shape[1], max_context));
  hp.n_vocab = keys.whole("vocab_size", INT32_MAX);
  hp.n_ff = keys.per_layer("feed_forward_length", hp.n_layers, 0);
  read_heads(keys, hp);
  read_experts(keys, hp);
  read_windows(keys, hp);

  hp.norm_epsilon =
      keys.positive("attention.layer_norm_rms_epsilon", keys.positive("attention.layer_norm_epsilon", 0));
  if (hp.norm_epsilon == 0) {
    const bool is_layer_norm = keys.find("attention.layer_norm_epsilon") != nullptr;
    const char *named = "attention.layer_norm_rms_epsilon", *other = "attention.layer_norm_epsilon";
    if (is_layer_norm) std::swap(named, other);
    fail(ErrorKind::invalid_file, keys.not_given(named), ", and so is ", other,
         ": norms need one of the two above zero");
  }
  hp.rope_base = keys.positive("rope.freq_base", 10000);
  hp.rope_base_windowed = keys.positive("rope.freq_base_swa", 0);
  hp.rope_scaling = read_rope_scaling(keys, hp.n_context);

  hp.embedding_scale = keys.number("embedding_scale");
  hp.residual_scale = keys.number("residual_scale");
  hp.logit_scale = keys.number("logit_scale");
  hp.attention_scale = keys.number("attention.scale");
  hp.attention_soft_cap = keys.positive("attn_logit_softcapping", 0);
  hp.logit_soft_cap = keys.positive("final_logit_softcapping", 0);
  hp.alibi_max_bias = keys.positive("attention.max_alibi_bias", 0);
  hp.clamp_qkv = keys.positive("attention.clamp_kqv", 0);
  hp.parallel_residual = keys.flag("use_parallel_residual", true);

  hp.q_lora = keys.whole("attention.q_lora_rank");
  hp.kv_lora = keys.whole("attention.kv_lora_rank");
  hp.key_dim_mla = keys.whole("attention.key_length_mla");
  hp.value_dim_mla = keys.whole("attention.value_length_mla");
  return hp;
}

}  // namespace realizar::model
