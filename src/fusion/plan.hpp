#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "fusion/op.hpp"
#include "kernels/tensor_type.hpp"

namespace realizar::fusion {

/// A tensor of the file as a plan names it: (n_matrices, n_rows, n_cols), row by row in the file's block
/// format.
struct Weight {
  std::string name;
  kernels::TensorType type = kernels::TensorType::f32;
  int64_t n_cols = 0;  // along a row: the k of a product
  int64_t n_rows = 1;
  int64_t n_matrices = 1;  // experts or heads
  std::span<const std::byte> data;
};

/// Angles of one kind of rotary embedding: position p turns pair i by p * inverse_frequency[i]; both parts of
/// the rotation are multiplied by `magnitude` (YaRN, longrope).
struct RopeTable {
  std::vector<double> inverse_frequency;  // (n_rot / 2)
  float magnitude = 1;
};

/// What a layer keeps of every position.
struct KvShape {
  int n_kv_heads = 0;
  int key_dim = 0;    // of one head
  int value_dim = 0;  // of one head; 0: the values are the first columns of the keys (latent attention)
};

/// The static plan of a model: built once when the file is loaded, fused once, run for every batch.
struct Plan {
  std::vector<Op> ops;
  std::vector<Weight> weights;
  std::vector<int> buffer_widths;      // columns of each activation buffer
  std::vector<RopeTable> rope_tables;  // what Rope::table counts
  std::vector<KvShape> kv;             // one a layer
  int n_vocab = 0;                     // columns of the logits
  int n_context = 0;                   // positions the model was trained for

  const Weight& weight(WeightId id) const { return weights[static_cast<size_t>(id.index)]; }

  /// Columns of what a run gives for a token: its logits, or its row where the plan has no output matrix.
  int n_out() const {
    const auto* logits = ops.empty() ? nullptr : std::get_if<Logits>(&ops.back());
    return logits && !logits->weight ? logits->in.width : n_vocab;
  }
};

/// Calls `read(slot)` for every slot the op reads and `write(slot)` for every slot it writes.
void for_each_slot(const Op& op, const std::function<void(const Slot&)>& read,
                   const std::function<void(const Slot&)>& write);

/// Calls `fn` for every weight the op names.
void for_each_weight(const Op& op, const std::function<void(WeightId)>& fn);

/// The op's name as `info --plan` prints it.
const char* name(const Op& op);

/// One line an op: its name, slots with widths, and weights with types.
std::string to_text(const Plan& plan);

/// For each op of a plan the names of the kernels that a device runs for it.
using KernelNames = std::vector<std::vector<std::string>>;

/// The same with the kernels below their op, and a line that counts them by layer.
std::string to_text(const Plan& plan, const KernelNames& kernels);

/// The same as a Graphviz digraph.
std::string to_dot(const Plan& plan);

/// Replaces runs of ops by fused ops (docs/architecture.md lists the passes). Results keep their bits.
Plan fuse(Plan plan);

}  // namespace realizar::fusion
