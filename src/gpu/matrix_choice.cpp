#include "gpu/matrix_choice.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/quotient.hpp"
#include "gpu/webgpu/kernel_sources.hpp"

namespace realizar::gpu {

MatrixChoice::Arguments MatrixChoice::arguments(uint32_t first_row) const {
  // Where a tensor begins in the part.
  const auto in_part = [&](Tensor tensor) {
    if (tensor.first_row != ~uint32_t{0}) tensor.first_row -= std::min(tensor.first_row, first_row);
    return tensor;
  };
  return {chosen, lots_at, static_cast<uint32_t>(count), in_part(second), in_part(third)};
}

webgpu::Workgroups MatrixChoice::groups(int64_t rows, int64_t rows_at_once, int64_t n_tokens,
                                        int tokens_at_once) const {
  constexpr int64_t most = 65535;
  const int64_t n_panels = quotient_up(rows, rows_at_once),
                lines = kind == Kind::one ? quotient_up(n_panels, most) : 1,
                lots = kind == Kind::grouped ? most_lots : quotient_up(n_tokens, int64_t{tokens_at_once}),
                z = kind == Kind::every || kind == Kind::chosen ? count : lines;
  return {static_cast<uint32_t>(quotient_up(n_panels, lines)), static_cast<uint32_t>(lots),
          static_cast<uint32_t>(z)};
}

std::string MatrixChoice::text(bool own_inputs) const {
  return concat("const choice = ", static_cast<int>(kind),
                "u;\nconst own_inputs = ", own_inputs ? "true" : "false", ";\n",
                webgpu::kernel_source("matrix_choice"));
}

std::string MatrixChoice::key(bool own_inputs) const { return concat(static_cast<int>(kind), own_inputs); }

}  // namespace realizar::gpu
