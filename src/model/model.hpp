#pragma once

#include "formats/gguf.hpp"
#include "fusion/device.hpp"
#include "fusion/plan.hpp"
#include "model/hyperparameters.hpp"

namespace realizar::model {

struct ModelOptions {
  int n_context =
      0;  // positions that will be used, which chooses longrope's factors; 0: what the file was trained for
};

/// A model as its file describes it. The plan's weights are views into the file's bytes.
struct Model {
  Hyperparameters hyperparameters;
  fusion::Plan plan;
};

/// Validates hyperparameters and tensors and builds the plan; a vocabulary is not needed. Throws `Error`.
Model load_model(const formats::Gguf& file, const ModelOptions& options = {});

struct MemoryEstimate {
  uint64_t weights = 0;
  uint64_t kv = 0;
  uint64_t activations = 0;
};

/// Bytes to run the plan on the CPU over `n_context` positions with batches of at most `max_batch_tokens`.
MemoryEstimate estimate_memory(const fusion::Plan& plan, int n_context, fusion::KvType kv_type,
                               int max_batch_tokens, fusion::Arithmetic arithmetic);

}  // namespace realizar::model
