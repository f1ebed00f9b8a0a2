#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/tensor_type.hpp"

namespace realizar::kernels {

/// The f32 values of `count` consecutive weights of a file, a whole number of blocks, at any address.
/// Products are exact in f32 and a min is subtracted with one rounding, so the values are those of any
/// correct reader; integers and F64 round to nearest. With an infinite or NaN scale, NaNs may differ in sign
/// and payload.
void dequantize(TensorType type, const uint8_t* file, size_t count, float* out);

}  // namespace realizar::kernels
