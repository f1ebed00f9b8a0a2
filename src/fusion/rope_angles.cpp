#include "fusion/rope_angles.hpp"

#include "base/math.hpp"

namespace realizar::fusion {

RopeAngles::RopeAngles(std::span<const RopeTable> tables, int max_tokens)
    : tables_(tables.begin(), tables.end()) {
  for (const RopeTable& table : tables_) {
    table_at_.push_back(token_stride_);
    token_stride_ += 2 * table.inverse_frequency.size();
  }
  angles_.resize(static_cast<size_t>(max_tokens) * token_stride_);
}

void RopeAngles::compute(int64_t token, int32_t position) {
  float* out = angles_.data() + static_cast<size_t>(token) * token_stride_;
  for (const RopeTable& table : tables_) {
    const size_t n = table.inverse_frequency.size();
    for (size_t i = 0; i < n; ++i) {
      double sine, cosine;
      portable_sin_cos(position * table.inverse_frequency[i], sine, cosine);
      out[i] = static_cast<float>(cosine * static_cast<double>(table.magnitude));
      out[n + i] = static_cast<float>(sine * static_cast<double>(table.magnitude));
    }
    out += 2 * n;
  }
}

std::span<const float> RopeAngles::part(int table, int64_t token, size_t which) const {
  const auto index = static_cast<size_t>(table);
  const size_t n = tables_[index].inverse_frequency.size();
  return {angles_.data() + static_cast<size_t>(token) * token_stride_ + table_at_[index] + which * n, n};
}

}  // namespace realizar::fusion
