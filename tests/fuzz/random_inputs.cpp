#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// fuzz_kernels N [SEED]: what libFuzzer would do, with N inputs chosen by chance, where there is no
// libFuzzer.
int main(int argc, char** argv) {
  const long n = argc > 1 ? std::atol(argv[1]) : 1000;
  const unsigned seed = argc > 2 ? static_cast<unsigned>(std::atol(argv[2])) : std::random_device{}();
  std::printf("%ld inputs, seed %u\n", n, seed);
  std::mt19937 random(seed);
  for (long i = 0; i < n; ++i) {
    std::vector<uint8_t> bytes(1 + random() % 512);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
}
