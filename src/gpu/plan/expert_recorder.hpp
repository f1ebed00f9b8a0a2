#pragma once

#include "gpu/plan/batch_recording.hpp"

// Mixtures of experts.
namespace realizar::gpu {

void record_route(BatchRecording& batch, const fusion::Route& op);
void record_experts(BatchRecording& batch, const fusion::Experts& op);

}  // namespace realizar::gpu
