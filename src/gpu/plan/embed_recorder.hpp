#pragma once

#include "gpu/plan/batch_recording.hpp"

namespace realizar::gpu {

/// Appends the kernel that looks up the rows of the batch's tokens, one for each part of the table.
void record_embed(BatchRecording& batch, const fusion::Embed& op);

}  // namespace realizar::gpu
