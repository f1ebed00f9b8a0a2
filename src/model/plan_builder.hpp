#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "formats/gguf.hpp"
#include "fusion/plan.hpp"
#include "model/hyperparameters.hpp"

namespace realizar::model {

/// What the tensor `X.scale` does to the product with `X.weight` (docs/architecture.md, "Scales of
/// products").
enum class ScaleUse {
  before_bias,  ///< multiplies the product
  after_bias,   ///< multiplies product and bias
  nvfp4_only,   ///< multiplies products with NVFP4 weights, which mean nothing without; else nothing
};

/// The norm of queries and keys.
enum class QkNorm {
  optional,  ///< where the file has one, of either kind
  heads,     ///< each head by itself
  whole,     ///< all heads together
};

/// Queries, keys and values of one layer.
struct Qkv {
  fusion::Slot q, k, v;
};

/// Appends the ops of a model to a plan. Tensors are named as in the file, without "blk.N." and ".weight";
/// each is checked for presence and shape when it is named. Biases and `.scale` factors are used where the
/// file has them.
class PlanBuilder {
 public:
  PlanBuilder(const formats::Gguf& file, const Hyperparameters& hyperparameters);

  /// Names that follow are those of this layer's tensors; -1: those of the whole model.
  void enter_layer(int layer);
  int layer() const { return layer_; }

  bool has(const std::string& tensor) const;
  /// Where a tensor that the file has stands, as the subject of an error sentence.
  std::string where_tensor(const std::string& tensor) const;
  /// The same of a key of the architecture, and of one that must be given and is not (see formats::Gguf).
  std::string where(const std::string& key) const { return file_.where(full_key(key)); }
  std::string not_given(const std::string& key) const { return file_.not_given(full_key(key)); }

  /// The tensor of exactly this shape (the length of a row first). Throws when it is missing or misshapen.
  fusion::WeightId weight(const std::string& tensor, std::initializer_list<int64_t> shape);
  /// The same, or none where the file has no such tensor.
  fusion::WeightId optional_weight(const std::string& tensor, std::initializer_list<int64_t> shape);
  /// `X.scale`: one factor, or one for each of `n_matrices`; none where the file has none or it has no use.
  fusion::WeightId scale_of(const std::string& tensor, int n_matrices = 1,
                            ScaleUse use = ScaleUse::before_bias);
  /// The values of a tensor of `count` floats.
  std::vector<float> values(const std::string& tensor, int count);

  fusion::Slot slot(int width);
  template <class O>
  void append(O op) {
    plan_.ops.emplace_back(std::move(op));
  }
  /// The table's index; equal tables are kept once.
  int rope_table(fusion::RopeTable table);

  fusion::Slot embed(float scale);
  fusion::Slot norm(fusion::Slot x, const std::string& tensor, fusion::NormKind kind);
  /// Normalises in place; a weight of (head_dim, n_heads) is one for each head.
  void norm_heads(fusion::Slot x, const std::string& tensor, fusion::NormKind kind, int n_heads, int head_dim,
                  QkNorm qk_norm);
  fusion::Slot linear(fusion::Slot x, const std::string& tensor, int out_width,
                      ScaleUse scale_use = ScaleUse::before_bias);
  /// From the fused tensor attn_qkv, or from three.
  Qkv qkv(fusion::Slot x, int n_heads, int n_kv_heads);
  fusion::Slot activate(fusion::Slot gate, fusion::Slot up, fusion::Activation activation);
  fusion::Slot add(fusion::Slot a, fusion::Slot b, float factor = 1);
  /// Stores k and v and attends with q.
  fusion::Slot attention(const Qkv& qkv, fusion::Attention settings, int v_stride = 0);
  void logits(fusion::Slot x, float factor, float soft_cap);

  /// What layer() keeps of every position; to be set before attention().
  void keep(fusion::KvShape shape) { plan_.kv[static_cast<size_t>(layer_)] = shape; }

  fusion::Plan take() { return std::move(plan_); }

 private:
  std::string full_name(const std::string& tensor) const;
  std::string full_key(const std::string& key) const { return hp_.architecture + "." + key; }

  const formats::Gguf& file_;
  const Hyperparameters& hp_;
  fusion::Plan plan_;
  int layer_ = -1;
};

/// While it lives, a builder's names are those of the whole model.
class OutsideLayers {
 public:
  explicit OutsideLayers(PlanBuilder& b) : b_(b), layer_(b.layer()) { b_.enter_layer(-1); }
  ~OutsideLayers() { b_.enter_layer(layer_); }
  OutsideLayers(const OutsideLayers&) = delete;
  OutsideLayers& operator=(const OutsideLayers&) = delete;

 private:
  PlanBuilder& b_;
  const int layer_;
};

}  // namespace realizar::model
