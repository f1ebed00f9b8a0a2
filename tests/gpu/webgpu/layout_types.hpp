#pragma once

#include "kernels/tensor_type.hpp"

namespace realizar::test {

/// The types whose weights have a layout of their own on a GPU.
inline constexpr kernels::TensorType layout_types[] = {
    kernels::TensorType::q4_0,   kernels::TensorType::q4_1,   kernels::TensorType::q5_0,
    kernels::TensorType::q5_1,   kernels::TensorType::q8_0,   kernels::TensorType::q2_k,
    kernels::TensorType::q3_k,   kernels::TensorType::q4_k,   kernels::TensorType::q5_k,
    kernels::TensorType::q6_k,   kernels::TensorType::iq4_nl, kernels::TensorType::iq4_xs,
    kernels::TensorType::mxfp4,  kernels::TensorType::tq1_0,  kernels::TensorType::tq2_0,
    kernels::TensorType::iq1_s,  kernels::TensorType::iq1_m,  kernels::TensorType::iq2_xxs,
    kernels::TensorType::iq2_xs, kernels::TensorType::iq2_s,  kernels::TensorType::iq3_xxs,
    kernels::TensorType::iq3_s,  kernels::TensorType::nvfp4};

}  // namespace realizar::test
