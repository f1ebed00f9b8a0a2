#include "tensor/peak.hpp"

#include <gtest/gtest.h>

#include <string>

#include "backend/isa.hpp"

namespace realizar::tensor {
namespace {

TEST(PeakMeter, FindsPeaksThatAProcessorCanHave) {
  backend::ThreadPool pool(1);
  for (const backend::Isa isa : backend::available_isas()) {
    const Peaks peaks = PeakMeter(pool, kernels::kernels_of(isa)).measure();
    RecordProperty(std::string(backend::to_string(isa)) + "_int8_gmac_per_s",
                   std::to_string(peaks.int8 / 1e9));
    RecordProperty(std::string(backend::to_string(isa)) + "_f32_gmac_per_s", std::to_string(peaks.f32 / 1e9));
    // A core at 10 GHz with two 512-bit units: 1280 GMAC/s in bytes, 320 in f32; tiles multiply 16 times (16,
    // 64) bytes in 16 cycles.
    const double most_int8 = isa == backend::Isa::amx ? 10240e9 : 1280e9;
    EXPECT_GT(peaks.int8, 1e6) << backend::to_string(isa);
    EXPECT_LT(peaks.int8, most_int8) << backend::to_string(isa);
    EXPECT_GT(peaks.f32, 1e6) << backend::to_string(isa);
    EXPECT_LT(peaks.f32, 320e9) << backend::to_string(isa);
  }
}

}  // namespace
}  // namespace realizar::tensor
