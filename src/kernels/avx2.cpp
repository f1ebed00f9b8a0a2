#include "kernels/avx2.hpp"

#include "kernels/kernel_tables.hpp"

namespace realizar::kernels {

const KernelTable& avx2_kernels() {
  static constexpr KernelTable table = generic::kernel_table<Avx2>();
  return table;
}

}  // namespace realizar::kernels
