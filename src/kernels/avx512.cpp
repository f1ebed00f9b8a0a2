#include "kernels/avx512.hpp"

#include "kernels/kernel_tables.hpp"

namespace realizar::kernels {

const KernelTable& avx512_kernels() {
  static constexpr KernelTable table = generic::kernel_table<Avx512>();
  return table;
}

}  // namespace realizar::kernels
