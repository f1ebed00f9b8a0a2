#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fusion/plan.hpp"

namespace realizar::fusion {

/// Cosines and sines of every rope table of a plan for the positions of a batch.
class RopeAngles {
 public:
  RopeAngles(std::span<const RopeTable> tables, int max_tokens);

  /// Computes those of a token; tokens may be computed by different threads.
  void compute(int64_t token, int32_t position);

  std::span<const float> cosines(int table, int64_t token) const { return part(table, token, 0); }
  std::span<const float> sines(int table, int64_t token) const { return part(table, token, 1); }

  /// Numbers of a token, of all tables, and where those of a table begin: cosines, then sines.
  size_t token_stride() const { return token_stride_; }
  size_t table_at(int table) const { return table_at_[static_cast<size_t>(table)]; }
  /// (n_tokens, token_stride)
  std::span<const float> all(size_t n_tokens) const {
    return std::span(angles_).first(n_tokens * token_stride_);
  }

 private:
  std::span<const float> part(int table, int64_t token, size_t which) const;

  std::vector<RopeTable> tables_;
  std::vector<size_t> table_at_;  // where a table's cosines stand in a token's angles, its sines behind them
  size_t token_stride_ = 0;
  std::vector<float> angles_;  // (max_tokens, token_stride)
};

}  // namespace realizar::fusion
