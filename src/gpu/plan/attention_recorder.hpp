#pragma once

#include <optional>

#include "gpu/plan/batch_recording.hpp"

// Attention, and the store of keys and values ahead of it.
namespace realizar::gpu {

/// Numbers that partial results of attention may take: so much of (n_tokens, n_splits) is split.
int64_t attention_room(const fusion::Plan& plan);

/// The splits of positions that a batch of `n_tokens` records for whose last position is `deepest`: a power
/// of two, so that a batch can be recorded once for many depths; 1: workgroups take all splits of their
/// tokens.
int64_t attention_splits(int64_t n_tokens, int64_t deepest);

/// What stands ahead of the attention of one token and its kernel may do itself: queries and keys alike are
/// rotated, if there is a rotation, and keys and values stored.
struct OwnStore {
  std::optional<fusion::Rope> rope;  // of the queries
  fusion::StoreKv store;
};
/// Whether it may.
bool attention_stores(const BatchRecording& batch, const OwnStore& own, const fusion::Attention& op);

/// `peaks` are kept of the results of one token.
void record_attention(BatchRecording& batch, const fusion::Attention& op,
                      const std::optional<OwnStore>& own = {}, const Peaks& peaks = {});
void record_store(BatchRecording& batch, const fusion::StoreKv& op);

/// Queries turned in place, keys turned as they are stored: whole heads, alike.
bool are_rope_and_store(const BatchRecording& batch, const fusion::Op& first, const fusion::Op& second,
                        const fusion::Op& third);
void record_rope_and_store(BatchRecording& batch, const fusion::Rope& q, const fusion::Rope& k,
                           const fusion::StoreKv& store);

}  // namespace realizar::gpu
