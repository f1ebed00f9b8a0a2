#pragma once

#include <gtest/gtest.h>

#include <string>

#include "backend/isa.hpp"
#include "kernels/random_inputs.hpp"

// What the tests of kernels share.
namespace realizar::kernels::test {

/// One test for each instruction set; those that this processor lacks are skipped.
class OnEachIsa : public testing::TestWithParam<backend::Isa> {
 protected:
  void SetUp() override {
    if (!backend::keeps_bits(GetParam()))
      GTEST_SKIP() << backend::to_string(GetParam()) << " is held to the accuracy of whole models";
    for (const backend::Isa isa : backend::available_isas())
      if (isa == GetParam()) return;
    GTEST_SKIP() << "this processor has no " << backend::to_string(GetParam());
  }
  const KernelTable& table() const { return kernels_of(GetParam()); }
};

inline const auto all_isas = testing::ValuesIn(backend::built_isas);
inline const auto isa_name = [](const auto& param) { return std::string(backend::to_string(param.param)); };

}  // namespace realizar::kernels::test
