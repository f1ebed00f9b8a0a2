#include "kernels/kernel_comparison.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstring>

#include "kernels/kernel_table.hpp"
#include "support/test_name.hpp"

namespace realizar::kernels::test {
namespace {

class EveryKernel : public testing::TestWithParam<ComparedKernel> {};

TEST_P(EveryKernel, HasTheBitsOfTheScalarOne) {
  EXPECT_TRUE(rc::check([] {
    const auto bytes = *rc::gen::arbitrary<std::vector<uint8_t>>();
    ByteSource in(bytes);
    const std::string difference = GetParam().difference(in);
    if (!difference.empty()) RC_FAIL(difference);
  }));
}

INSTANTIATE_TEST_SUITE_P(All, EveryKernel, testing::ValuesIn(compared_kernels()), realizar::test::by_name);

TEST(KernelTable, HasNoKernelThatIsNotCompared) {
  // A table holds pointers to functions and nothing else.
  using Pointer = decltype(KernelTable::dot);
  const KernelTable& table = kernels_of(backend::Isa::scalar);
  Pointer pointers[sizeof(KernelTable) / sizeof(Pointer)];
  static_assert(sizeof(pointers) == sizeof(table));
  std::memcpy(pointers, &table, sizeof(table));
  constexpr size_t peaks = 2;  // which only take time
  EXPECT_EQ(compared_kernels().size() + peaks,
            std::count_if(std::begin(pointers), std::end(pointers), [](Pointer p) { return p != nullptr; }));
}

}  // namespace
}  // namespace realizar::kernels::test
