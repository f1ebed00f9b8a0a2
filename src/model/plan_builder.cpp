#include "model/plan_builder.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "kernels/dequantize.hpp"

namespace realizar::model {

using fusion::Slot;
using fusion::WeightId;

PlanBuilder::PlanBuilder(const formats::Gguf& file, const Hyperparameters& hyperparameters)
    : file_(file), hp_(hyperparameters) {
  plan_.n_context = hp_.n_context;
  plan_.kv.resize(static_cast<size_t>(hp_.n_layers));
}

void PlanBuilder::enter_layer(int layer) { layer_ = layer; }

std::string PlanBuilder::full_name(const std::string& tensor) const {
  return layer_ < 0 ? tensor : concat("blk.", layer_, ".", tensor);
}

bool PlanBuilder::has(const std::string& tensor) const {
  return file_.find_tensor(full_name(tensor)) != nullptr;
}

std::string PlanBuilder::where_tensor(const std::string& tensor) const {
  return file_.where(*file_.find_tensor(full_name(tensor)));
}

WeightId PlanBuilder::weight(const std::string& tensor, std::initializer_list<int64_t> shape) {
  const std::string name = full_name(tensor);
  const formats::TensorInfo* info = file_.find_tensor(name);
  require(info, ErrorKind::invalid_file, file_.source(), ": tensor '", name, "' is missing, and ",
          hp_.architecture, " needs it");
  std::array<uint64_t, 4> expected = {1, 1, 1, 1};
  std::copy(shape.begin(), shape.end(), expected.begin());
  if (info->shape != expected) {
    std::string text;
    for (const int64_t n : shape) text += (text.empty() ? "" : ", ") + std::to_string(n);
    fail(ErrorKind::invalid_file, file_.where(*info), " has shape ", formats::shape_text(*info), " where [",
         text, "] is needed");
  }
  for (size_t i = 0; i < plan_.weights.size(); ++i)
    if (plan_.weights[i].data.data() == info->data.data() && plan_.weights[i].name == name)
      return {static_cast<int>(i)};
  fusion::Weight weight;
  weight.name = name;
  weight.type = info->type;
  weight.n_cols = static_cast<int64_t>(expected[0]);
  weight.n_rows = static_cast<int64_t>(expected[1]);
  weight.n_matrices = static_cast<int64_t>(expected[2]);
  weight.data = info->data;
  plan_.weights.push_back(std::move(weight));
  return {static_cast<int>(plan_.weights.size()) - 1};
}

WeightId PlanBuilder::optional_weight(const std::string& tensor, std::initializer_list<int64_t> shape) {
  return has(tensor) ? weight(tensor, shape) : WeightId{};
}

WeightId PlanBuilder::scale_of(const std::string& tensor, int n_matrices, ScaleUse use) {
  const formats::TensorInfo* info = file_.find_tensor(full_name(tensor + ".scale"));
  if (!info) return {};
  const formats::TensorInfo* scaled = file_.find_tensor(full_name(tensor + ".weight"));
  const bool ignored = use == ScaleUse::nvfp4_only && scaled && scaled->type != kernels::TensorType::nvfp4;
  if (ignored) return {};
  return weight(tensor + ".scale", {info->n_elements() == 1 ? 1 : n_matrices});
}

std::vector<float> PlanBuilder::values(const std::string& tensor, int count) {
  const fusion::Weight& stored = plan_.weight(weight(tensor, {count}));
  std::vector<float> out(static_cast<size_t>(count));
  kernels::dequantize(stored.type, reinterpret_cast<const uint8_t*>(stored.data.data()), out.size(),
                      out.data());
  return out;
}

Slot PlanBuilder::slot(int width) {
  plan_.buffer_widths.push_back(width);
  return {static_cast<int>(plan_.buffer_widths.size()) - 1, 0, width};
}

int PlanBuilder::rope_table(fusion::RopeTable table) {
  for (size_t i = 0; i < plan_.rope_tables.size(); ++i)
    if (plan_.rope_tables[i].inverse_frequency == table.inverse_frequency &&
        plan_.rope_tables[i].magnitude == table.magnitude)
      return static_cast<int>(i);
  plan_.rope_tables.push_back(std::move(table));
  return static_cast<int>(plan_.rope_tables.size()) - 1;
}

Slot PlanBuilder::embed(float scale) {
  const std::string name = "token_embd.weight";
  const formats::TensorInfo* table = file_.find_tensor(name);
  require(table, ErrorKind::invalid_file, file_.source(), ": tensor '", name, "' is missing");
  const uint64_t n_vocab = table->shape[1];
  const formats::Metadata* tokens = file_.find("tokenizer.ggml.tokens");
  if (tokens && tokens->is_array)
    require(tokens->count == n_vocab, ErrorKind::invalid_file, file_.where(*table), " embeds ", n_vocab,
            " tokens, and the vocabulary has ", tokens->count);
  if (hp_.n_vocab > 0 && !tokens)
    require(static_cast<uint64_t>(hp_.n_vocab) == n_vocab, ErrorKind::invalid_file, where("vocab_size"),
            " is ", hp_.n_vocab, ", and '", name, "' has ", n_vocab, " rows");
  require(n_vocab <= INT32_MAX, ErrorKind::invalid_file, file_.where(*table), " has too many rows");
  plan_.n_vocab = static_cast<int>(n_vocab);
  const Slot out = slot(hp_.n_embd);
  append(fusion::Embed{weight(name, {hp_.n_embd, plan_.n_vocab}), out, scale});
  return out;
}

Slot PlanBuilder::norm(Slot x, const std::string& tensor, fusion::NormKind kind) {
  const Slot out = slot(x.width);
  append(fusion::Norm{x, out, kind, weight(tensor + ".weight", {x.width}),
                      optional_weight(tensor + ".bias", {x.width}), hp_.norm_epsilon, x.width});
  return out;
}

void PlanBuilder::norm_heads(Slot x, const std::string& tensor, fusion::NormKind kind, int n_heads,
                             int head_dim, QkNorm qk_norm) {
  const formats::TensorInfo* info = file_.find_tensor(full_name(tensor + ".weight"));
  if (!info && qk_norm == QkNorm::optional) return;
  const bool each_its_own = info && info->n_dims == 2;
  const bool as_wide = info && info->shape[0] == static_cast<uint64_t>(x.width);
  const bool whole = !each_its_own && (qk_norm == QkNorm::whole || (qk_norm == QkNorm::optional && as_wide));
  const int width = whole ? x.width : head_dim;
  const std::string name = tensor + ".weight";
  const WeightId id = each_its_own ? weight(name, {head_dim, n_heads}) : weight(name, {width});
  append(fusion::Norm{x, x, kind, id, {}, hp_.norm_epsilon, width});
}

Slot PlanBuilder::linear(Slot x, const std::string& tensor, int out_width, ScaleUse scale_use) {
  const Slot out = slot(out_width);
  const WeightId bias = optional_weight(tensor + ".bias", {out_width});
  const WeightId scale = scale_of(tensor, 1, scale_use);
  const bool afterwards = scale && bias && scale_use == ScaleUse::after_bias;
  append(fusion::Linear{x, out, weight(tensor + ".weight", {x.width, out_width}), bias,
                        afterwards ? WeightId{} : scale});
  if (afterwards) append(fusion::Scale{out, 1, scale});
  return out;
}

Qkv PlanBuilder::qkv(Slot x, int n_heads, int n_kv_heads) {
  const int q = n_heads * hp_.key_dim, k = n_kv_heads * hp_.key_dim, v = n_kv_heads * hp_.value_dim;
  if (has("attn_qkv.weight")) {
    const Slot all = linear(x, "attn_qkv", q + k + v);
    return {all.columns(0, q), all.columns(q, k), all.columns(q + k, v)};
  }
  return {linear(x, "attn_q", q), linear(x, "attn_k", k), linear(x, "attn_v", v)};
}

Slot PlanBuilder::activate(Slot gate, Slot up, fusion::Activation activation) {
  const Slot out = slot(gate.width);
  append(fusion::Gate{gate, up, out, activation});
  return out;
}

Slot PlanBuilder::add(Slot a, Slot b, float factor) {
  const Slot out = slot(a.width);
  append(fusion::Add{a, b, out, factor});
  return out;
}

Slot PlanBuilder::attention(const Qkv& qkv, fusion::Attention settings, int v_stride) {
  append(fusion::StoreKv{qkv.k, qkv.v, layer_, v_stride});
  const fusion::KvShape& kv = plan_.kv[static_cast<size_t>(layer_)];
  settings.q = qkv.q;
  settings.layer = layer_;
  if (!settings.out) settings.out = slot(settings.n_heads * kv.value_dim);
  append(settings);
  return settings.out;
}

void PlanBuilder::logits(Slot x, float factor, float soft_cap) {
  const bool tied = !has("output.weight");
  fusion::Logits op{x};
  op.weight = weight(tied ? "token_embd.weight" : "output.weight", {hp_.n_embd, plan_.n_vocab});
  op.bias = optional_weight("output.bias", {plan_.n_vocab});
  op.scale = scale_of("output");
  op.factor = factor;
  op.soft_cap = soft_cap;
  append(op);
}

}  // namespace realizar::model
