#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "kernels/byte_source.hpp"

// Every kernel of every instruction set against the scalar one, bit by bit, on inputs made from a string of
// bytes. The property test (kernel_comparison_test.cpp) and the fuzz target (tests/fuzz) choose the strings.
namespace realizar::kernels::test {

/// One member of `KernelTable`.
struct ComparedKernel {
  std::string name;  // as "fast Q4_K"
  /// Makes inputs, runs the kernel of all available instruction sets on them, and says where one gives other
  /// bits than the scalar one; empty: nowhere. Any NaN equals any NaN.
  std::function<std::string(ByteSource&)> difference;

  friend void PrintTo(const ComparedKernel& kernel, std::ostream* out) { *out << kernel.name; }
};

/// All kernels that the scalar table has.
const std::vector<ComparedKernel>& compared_kernels();

}  // namespace realizar::kernels::test
