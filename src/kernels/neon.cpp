#include "kernels/neon.hpp"

#include "kernels/kernel_tables.hpp"

namespace realizar::kernels {

const KernelTable& neon_kernels() {
  static constexpr KernelTable table = generic::kernel_table<Neon>();
  return table;
}

}  // namespace realizar::kernels
