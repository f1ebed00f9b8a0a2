#include "kernels/neon_dot.hpp"

#include "kernels/kernel_tables.hpp"

namespace realizar::kernels {

const KernelTable& neon_dot_kernels() {
  static const KernelTable table = generic::with_fast_products<NeonDot>(neon_kernels());
  return table;
}

}  // namespace realizar::kernels
