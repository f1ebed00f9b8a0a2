#include "shapes/mix.hpp"

#include <cctype>

#include "base/error.hpp"
#include "kernels/panels.hpp"

namespace realizar::test {
namespace {

using kernels::TensorType;

/// The rule that files named K_M follow: the first and the last eighth of the layers, and every third
/// between.
bool is_favoured(int layer, int n_layers) {
  return layer < n_layers / 8 || layer >= 7 * n_layers / 8 || (layer - n_layers / 8) % 3 == 2;
}

/// The format of blocks of 32 that published files have where a row does not fill super-blocks.
TensorType of_short_rows(TensorType type) {
  switch (type) {
    case TensorType::q6_k:
      return TensorType::q8_0;
    case TensorType::q5_k:
      return TensorType::q5_1;
    case TensorType::q4_k:
      return TensorType::q5_0;
    case TensorType::q3_k:
    case TensorType::q2_k:
    case TensorType::tq1_0:
    case TensorType::tq2_0:
      return TensorType::q4_0;
    default:
      return TensorType::iq4_nl;
  }
}

Mix k_m(const char* name, TensorType base) {
  Mix mix{.name = name, .base = base};
  mix.attn_v = mix.ffn_down = mix.output = TensorType::q6_k;
  mix.in_half_of_the_layers = true;
  return mix;
}

std::vector<Mix> all_mixes() {
  std::vector<Mix> all;
  for (uint32_t number = 0; number < 64; ++number) {
    const kernels::TensorTypeInfo* type = kernels::find_tensor_type(number);
    if (!type || !kernels::is_product_type(type->type)) continue;
    std::string name = type->name;
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    all.push_back({.name = name, .base = type->type});
    // Its weights mean nothing without a factor, which embeddings have not.
    if (type->type == TensorType::nvfp4) all.back().embedding = all.back().output = TensorType::q8_0;
  }
  all.push_back(k_m("q4_k_m", TensorType::q4_k));
  all.push_back(k_m("q5_k_m", TensorType::q5_k));
  return all;
}

}  // namespace

TensorType Mix::type_of(const std::string& tensor, int layer, int n_layers, uint64_t n_in, bool tied) const {
  const bool favoured = !in_half_of_the_layers || is_favoured(layer, n_layers);
  TensorType type = base;
  if (tensor == "attn_v" && favoured) type = attn_v;
  if (tensor.starts_with("ffn_down") && favoured) type = ffn_down;
  if (tensor == "token_embd") type = tied ? output : embedding;
  if (tensor == "output") type = output;
  return n_in % static_cast<uint64_t>(kernels::info(type).block) == 0 ? type : of_short_rows(type);
}

const std::vector<Mix>& mixes() {
  static const std::vector<Mix> all = all_mixes();
  return all;
}

const Mix& mix_named(const std::string& name) {
  std::string names;
  for (const Mix& mix : mixes()) {
    if (mix.name == name) return mix;
    names += (names.empty() ? "" : ", ") + mix.name;
  }
  fail(ErrorKind::invalid_argument, "no mix is named '", name, "': there are ", names);
}

}  // namespace realizar::test
