#pragma once

#include "kernels/generic/attention.hpp"
#include "kernels/generic/exact_products.hpp"
#include "kernels/generic/fast_products.hpp"
#include "kernels/generic/peak.hpp"
#include "kernels/generic/quantize.hpp"

namespace realizar::kernels::generic {

template <class V, class... F>
constexpr void add_block_formats(KernelTable& table, FormatList<F...>) {
  ((table.fast[static_cast<int>(F::type)] = fast_product<V, F>), ...);
  ((table.exact[static_cast<int>(F::type)] = exact_product<V, BlockReader<V, F>>), ...);
}

/// F16 and BF16 weights, which stand as Int16.
template <class V>
constexpr void add_int16_weights(KernelTable& table) {
  for (const TensorType type : {TensorType::f16, TensorType::bf16})
    table.fast[static_cast<int>(type)] = fast_product<V, Int16>;
  table.quantize_int16 = quantize_int16<V>;
  table.int16_weights = int16_weights<V>;
}

template <class V, TensorType... Type>
constexpr void add_dense_types(KernelTable& table) {
  ((table.exact[static_cast<int>(Type)] = exact_product<V, DenseReader<V, Type>>), ...);
}

template <class V, Activation... A>
constexpr void add_activations(KernelTable& table) {
  ((table.gate[static_cast<int>(A)] = gate<V, A>), ...);
}

template <class V, KvFormat... Format>
constexpr void add_kv_formats(KernelTable& table) {
  ((table.store_key[static_cast<int>(Format)] = store_key<V, Format>), ...);
  ((table.store_value[static_cast<int>(Format)] = store_value<V, Format>), ...);
  ((table.attend[static_cast<int>(Format)] = attend<V, Format>), ...);
}

/// `table` with the fast products of V, and their peak.
template <class V>
KernelTable with_fast_products(KernelTable table) {
  [&]<class... F>(FormatList<F...>) {
    ((table.fast[static_cast<int>(F::type)] = fast_product<V, F>), ...);
  }(AllBlockFormats{});
  table.int8_peak = int8_peak<V>;
  return table;
}

/// All kernels of the instruction set V.
template <class V>
constexpr KernelTable kernel_table() {
  KernelTable table{};
  add_block_formats<V>(table, AllBlockFormats{});
  add_dense_types<V, TensorType::f32, TensorType::f16, TensorType::bf16>(table);
  add_activations<V, Activation::silu, Activation::gelu_tanh, Activation::gelu_erf, Activation::gelu_quick,
                  Activation::relu, Activation::relu_squared, Activation::swiglu_oai>(table);
  add_kv_formats<V, KvFormat::f16, KvFormat::f32, KvFormat::q8_0>(table);
  add_int16_weights<V>(table);
  table.quantize = quantize<V>;
  table.dot = dot<V>;
  table.rms_norm = rms_norm<V>;
  table.layer_norm = layer_norm<V>;
  table.add = add<V>;
  table.add_tile = add_tile<V>;
  table.multiply = multiply<V>;
  table.scale = scale<V>;
  table.soft_cap = soft_cap<V>;
  table.sigmoid = sigmoid_all<V>;
  table.softmax = softmax<V>;
  table.rope = rope<V>;
  table.merge_attention = merge_attention<V>;
  table.int8_peak = int8_peak<V>;
  table.f32_peak = f32_peak<V>;
  return table;
}

}  // namespace realizar::kernels::generic
