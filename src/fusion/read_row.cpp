#include "fusion/read_row.hpp"

#include "kernels/dequantize.hpp"

namespace realizar::fusion {

void read_row(const Weight& table, int64_t row, std::span<float> out) {
  const kernels::TensorTypeInfo& type = kernels::info(table.type);
  const auto row_bytes = static_cast<size_t>(table.n_cols / type.block * type.bytes);
  kernels::dequantize(
      table.type, reinterpret_cast<const uint8_t*>(table.data.data()) + static_cast<size_t>(row) * row_bytes,
      out.size(), out.data());
}

}  // namespace realizar::fusion
