#pragma once

#include <functional>

#include "fusion/op.hpp"

namespace realizar::fusion {

/// Calls `store(layer)` where the op writes to a layer of the KV cache, and `attend(layer)` where it reads
/// one.
inline void for_each_kv_access(const Op& op, const std::function<void(int)>& store,
                               const std::function<void(int)>& attend) {
  if (const auto* kv = std::get_if<StoreKv>(&op)) store(kv->layer);
  if (const auto* attention = std::get_if<Attention>(&op)) attend(attention->layer);
  if (const auto* run = std::get_if<PerToken>(&op))
    for (const Op& inner : run->ops) for_each_kv_access(inner, store, attend);
}

}  // namespace realizar::fusion
