#pragma once

#include "kernels/kernel_table.hpp"

// The table of each instruction set, defined in the file of its name where the processor family has it.
namespace realizar::kernels {

const KernelTable& scalar_kernels();
#define REALIZAR_SET(name, ...) const KernelTable& name##_kernels();
REALIZAR_ALL_SETS(REALIZAR_SET)
#undef REALIZAR_SET

}  // namespace realizar::kernels
