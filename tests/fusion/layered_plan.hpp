#pragma once

#include <vector>

#include "fusion/small_plan.hpp"

namespace realizar::fusion {

/// A model of so many layers: in each attention and a product, both added to the stream.
struct LayeredPlan : SmallPlan {
  explicit LayeredPlan(int n_layers) {
    Slot x = embed(8);
    for (int layer = 0; layer < n_layers; ++layer) {
      plan.kv.push_back({1, 8, 8});
      const Slot in = norm(x, "attn_norm"), q = linear(in, "q", 8), k = linear(in, "k", 8);
      append(StoreKv{k, k, layer});
      const Slot out = slot(8);
      append(Attention{.q = q, .out = out, .layer = layer, .n_heads = 1});
      x = add(x, out);
      x = add(x, linear(norm(x, "ffn_norm"), "ffn", 8));
      streams.push_back(x);
    }
    logits(norm(x, "output_norm"));
  }
  std::vector<Slot> streams;  // behind each layer
};

}  // namespace realizar::fusion
