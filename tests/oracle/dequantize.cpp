// oracle_dequantize TYPE: blocks of the ggml type of that number from stdin, their f32 values to stdout; what
// dequantize.py compares.
#include "kernels/dequantize.hpp"

#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace realizar::kernels;

int main(int count, char** arguments) {
  const TensorTypeInfo* type =
      count == 2 ? find_tensor_type(static_cast<uint32_t>(std::atoi(arguments[1]))) : nullptr;
  if (type == nullptr) return 2;
  std::vector<uint8_t> block(static_cast<size_t>(type->bytes));
  std::vector<float> values(static_cast<size_t>(type->block));
  while (std::fread(block.data(), 1, block.size(), stdin) == block.size()) {
    dequantize(type->type, block.data(), values.size(), values.data());
    std::fwrite(values.data(), sizeof(float), values.size(), stdout);
  }
}
