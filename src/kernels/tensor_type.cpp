#include "kernels/tensor_type.hpp"

#include <array>
#include <cstddef>
#include <iterator>

namespace realizar::kernels {
namespace {

constexpr TensorTypeInfo types[] = {
    {TensorType::f32, "F32", 1, 4},
    {TensorType::f16, "F16", 1, 2},
    {TensorType::q4_0, "Q4_0", 32, 18},
    {TensorType::q4_1, "Q4_1", 32, 20},
    {TensorType::q5_0, "Q5_0", 32, 22},
    {TensorType::q5_1, "Q5_1", 32, 24},
    {TensorType::q8_0, "Q8_0", 32, 34},
    {TensorType::q2_k, "Q2_K", 256, 84},
    {TensorType::q3_k, "Q3_K", 256, 110},
    {TensorType::q4_k, "Q4_K", 256, 144},
    {TensorType::q5_k, "Q5_K", 256, 176},
    {TensorType::q6_k, "Q6_K", 256, 210},
    {TensorType::iq2_xxs, "IQ2_XXS", 256, 66},
    {TensorType::iq2_xs, "IQ2_XS", 256, 74},
    {TensorType::iq3_xxs, "IQ3_XXS", 256, 98},
    {TensorType::iq1_s, "IQ1_S", 256, 50},
    {TensorType::iq4_nl, "IQ4_NL", 32, 18},
    {TensorType::iq3_s, "IQ3_S", 256, 110},
    {TensorType::iq2_s, "IQ2_S", 256, 82},
    {TensorType::iq4_xs, "IQ4_XS", 256, 136},
    {TensorType::i8, "I8", 1, 1},
    {TensorType::i16, "I16", 1, 2},
    {TensorType::i32, "I32", 1, 4},
    {TensorType::i64, "I64", 1, 8},
    {TensorType::f64, "F64", 1, 8},
    {TensorType::iq1_m, "IQ1_M", 256, 56},
    {TensorType::bf16, "BF16", 1, 2},
    {TensorType::tq1_0, "TQ1_0", 256, 54},
    {TensorType::tq2_0, "TQ2_0", 256, 66},
    {TensorType::mxfp4, "MXFP4", 32, 17},
    {TensorType::nvfp4, "NVFP4", 64, 36},
};

struct NamedNumber {
  uint32_t number;
  const char* name;
};

// Types that exist in ggml, or once did, and that no published model needs: activations (Q8_1, Q8_K), layouts
// that were repacked on disk, and formats that were withdrawn.
constexpr NamedNumber unreadable[] = {
    {4, "Q4_2"},        {5, "Q4_3"},        {9, "Q8_1"},      {15, "Q8_K"},
    {31, "Q4_0_4_4"},   {32, "Q4_0_4_8"},   {33, "Q4_0_8_8"}, {36, "IQ4_NL_4_4"},
    {37, "IQ4_NL_4_8"}, {38, "IQ4_NL_8_8"}, {41, "Q1_0"},     {42, "Q2_0"},
};

constexpr uint32_t number_count = 64;

constexpr std::array<int8_t, number_count> index_of_number = [] {
  std::array<int8_t, number_count> index{};
  for (int8_t& i : index) i = -1;
  for (size_t i = 0; i < std::size(types); ++i)
    index[static_cast<uint32_t>(types[i].type)] = static_cast<int8_t>(i);
  return index;
}();

}  // namespace

const TensorTypeInfo* find_tensor_type(uint32_t ggml_number) {
  if (ggml_number >= number_count || index_of_number[ggml_number] < 0) return nullptr;
  return &types[index_of_number[ggml_number]];
}

const char* tensor_type_name(uint32_t ggml_number) {
  if (const TensorTypeInfo* known = find_tensor_type(ggml_number)) return known->name;
  for (const NamedNumber& named : unreadable)
    if (named.number == ggml_number) return named.name;
  return nullptr;
}

const TensorTypeInfo& info(TensorType type) { return *find_tensor_type(static_cast<uint32_t>(type)); }

}  // namespace realizar::kernels
