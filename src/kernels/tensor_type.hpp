#pragma once

#include <cstdint>

namespace realizar::kernels {

/// The element types of tensors that can be read, under ggml's numbers.
enum class TensorType : uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  iq2_xxs = 16,
  iq2_xs = 17,
  iq3_xxs = 18,
  iq1_s = 19,
  iq4_nl = 20,
  iq3_s = 21,
  iq2_s = 22,
  iq4_xs = 23,
  i8 = 24,
  i16 = 25,
  i32 = 26,
  i64 = 27,
  f64 = 28,
  iq1_m = 29,
  bf16 = 30,
  tq1_0 = 34,
  tq2_0 = 35,
  mxfp4 = 39,
  nvfp4 = 40,
};

struct TensorTypeInfo {
  TensorType type;
  const char* name;  // as files and tools spell it: "Q4_K"
  int block;         // weights in a block
  int bytes;         // bytes of a block
};

/// The type of ggml's number, or nullptr when it cannot be read.
const TensorTypeInfo* find_tensor_type(uint32_t ggml_number);

/// The name of ggml's number, also of those types that exist but cannot be read; nullptr when there is no
/// such type.
const char* tensor_type_name(uint32_t ggml_number);

const TensorTypeInfo& info(TensorType type);

}  // namespace realizar::kernels
