#pragma once

#include "gpu/plan/product_recorder.hpp"

// Norms, and what products with quantised weights take of them.
namespace realizar::gpu {

void record_norm(BatchRecording& batch, const fusion::Norm& op, View out);

/// The same of whole rows, in int8, in blocks of so many columns, as the input of products.
void record_quantised_norm(BatchRecording& batch, const fusion::Norm& op, ProductInput& input, int block);

/// Whether the factor of a norm of whole rows comes after they are quantised, for one token as for many.
bool is_late(const fusion::Norm& norm);
LateNorm late_norm(const GpuWeights& weights, const fusion::Norm& norm);

}  // namespace realizar::gpu
