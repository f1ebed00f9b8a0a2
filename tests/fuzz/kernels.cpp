#include <cstdio>
#include <cstdlib>

#include "kernels/kernel_comparison.hpp"

// The first byte chooses a kernel, the rest its inputs. A difference between instruction sets is printed and
// aborts, upon which libFuzzer keeps the bytes in a file; `fuzz_kernels FILE` runs them again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace realizar::kernels::test;
  if (size == 0) return 0;
  const auto& kernels = compared_kernels();
  const ComparedKernel& kernel = kernels[data[0] % kernels.size()];
  ByteSource in({data + 1, size - 1});
  const std::string difference = kernel.difference(in);
  if (difference.empty()) return 0;
  std::fprintf(stderr, "%s, %s\n", kernel.name.c_str(), difference.c_str());
  std::abort();
}
