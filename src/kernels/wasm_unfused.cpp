#include "kernels/wasm_unfused.hpp"

#include "kernels/kernel_tables.hpp"

namespace realizar::kernels {

const KernelTable& wasm_unfused_kernels() {
  static constexpr KernelTable table = generic::kernel_table<WasmUnfused>();
  return table;
}

}  // namespace realizar::kernels
