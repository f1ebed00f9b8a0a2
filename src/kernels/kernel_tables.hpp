#pragma once

#include "kernels/kernel_table.hpp"

// The table of each instruction set, defined in the file of its name where the processor family has it.
namespace realizar::kernels {

const KernelTable& scalar_kernels();
const KernelTable& avx2_kernels();
const KernelTable& avx_vnni_kernels();
const KernelTable& avx512_kernels();
const KernelTable& amx_kernels();

}  // namespace realizar::kernels
