#include "kernels/tensor_type.hpp"

#include <gtest/gtest.h>

#include "kernels/formats.hpp"

namespace realizar::kernels {
namespace {

TEST(TensorType, KnownNumbersHaveANameAndABlock) {
  const TensorTypeInfo* q4_k = find_tensor_type(12);
  ASSERT_NE(q4_k, nullptr);
  EXPECT_EQ(q4_k->type, TensorType::q4_k);
  EXPECT_STREQ(q4_k->name, "Q4_K");
  EXPECT_EQ(q4_k->block, 256);
  EXPECT_EQ(q4_k->bytes, 144);
  for (uint32_t number = 0; number < 100; ++number)
    if (const TensorTypeInfo* type = find_tensor_type(number)) {
      EXPECT_EQ(static_cast<uint32_t>(type->type), number);
      EXPECT_EQ(&info(type->type), type);
      EXPECT_STREQ(tensor_type_name(number), type->name);
    }
}

TEST(TensorType, WhatCannotBeReadIsStillNamed) {
  EXPECT_EQ(find_tensor_type(9), nullptr);
  EXPECT_STREQ(tensor_type_name(9), "Q8_1");
  EXPECT_STREQ(tensor_type_name(31), "Q4_0_4_4");
}

TEST(TensorType, OtherNumbersAreNoType) {
  for (const uint32_t number : {43u, 63u, 64u, 0x80000000u, UINT32_MAX}) {
    EXPECT_EQ(find_tensor_type(number), nullptr);
    EXPECT_EQ(tensor_type_name(number), nullptr);
  }
}

TEST(TensorType, EveryFormatHasTheBlockOfItsType) {
  for_each_format(AllBlockFormats{}, []<class F>(F) {
    EXPECT_EQ(info(F::type).block, F::block) << info(F::type).name;
    EXPECT_EQ(info(F::type).bytes, F::bytes) << info(F::type).name;
    EXPECT_TRUE(is_block_format(F::type));
  });
  EXPECT_FALSE(is_block_format(TensorType::f16));
  EXPECT_THROW(visit_format(TensorType::f16, [](auto) {}), Error);
}

}  // namespace
}  // namespace realizar::kernels
