#include "gpu/matrix_choice.hpp"

#include "base/error.hpp"
#include "base/quotient.hpp"
#include "gpu/webgpu/kernel_sources.hpp"

namespace realizar::gpu {
MatrixChoice::Arguments MatrixChoice::arguments(int64_t first_row, int64_t part_rows) const {
  // The rows of one matrix count from the part's first.
  return {chosen, lots_at, static_cast<uint32_t>(count),
          kind == Kind::one ? 0 : static_cast<uint32_t>(first_row), static_cast<uint32_t>(part_rows)};
}

int MatrixChoice::tokens_at_once(int64_t n_tokens) const {
  if (kind == Kind::grouped) return lot_tokens;
  return kind == Kind::chosen || n_tokens == 1 ? 1 : n_tokens <= 4 ? 4 : 8;
}

webgpu::Workgroups MatrixChoice::groups(int64_t rows, int64_t n_tokens) const {
  constexpr int64_t panel_rows = 8, most = 65535;
  const int64_t n_panels = quotient_up(rows, panel_rows),
                lines = kind == Kind::one ? quotient_up(n_panels, most) : 1,
                lots = kind == Kind::grouped ? most_lots : quotient_up(n_tokens, tokens_at_once(n_tokens)),
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
