#include "tensor/vector.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "base/error.hpp"

namespace realizar::tensor {
namespace {

using Floats = std::vector<float>;

TEST(Vector, DotsSumsAndScales) {
  const Floats a = {1, 2, 3}, b = {4, 5, 6};
  Floats out(3);
  EXPECT_EQ(Vector(a).dot(b), 32);
  add(a, b, 2, out);
  EXPECT_EQ(out, (Floats{9, 12, 15}));
  multiply(a, b, out);
  EXPECT_EQ(out, (Floats{4, 10, 18}));
  scale(a, -1, out);
  EXPECT_EQ(out, (Floats{-1, -2, -3}));
  activate(Activation::relu, out, out);
  EXPECT_EQ(out, (Floats{0, 0, 0}));
}

TEST(Vector, EmptyOnesAreFine) {
  Floats none;
  EXPECT_EQ(Vector(none).dot(none), 0);
  softmax(none);
  add(none, none, 1, none);
}

TEST(Vector, RotatesByARightAngle) {
  Floats x = {1, 2, 3, 4};
  const std::array<float, 2> cosines = {0, 0}, sines = {1, 1};
  rope(x, cosines, sines, RopePairs::halves);
  EXPECT_EQ(x, (Floats{-3, -4, 1, 2}));
  rope(x, cosines, sines, RopePairs::neighbours);
  EXPECT_EQ(x, (Floats{4, -3, -2, 1}));
}

TEST(Vector, RefusesOtherLengths) {
  const Floats two(2), three(3);
  Floats out(3);
  EXPECT_THROW(Vector(two).dot(three), Error);
  EXPECT_THROW(add(two, three, 1, out), Error);
  EXPECT_THROW(multiply(three, two, out), Error);
  EXPECT_THROW(scale(two, 1, out), Error);
  EXPECT_THROW(sigmoid(two, out), Error);
  EXPECT_THROW(activate(Activation::silu, two, out), Error);
  EXPECT_THROW(activate(Activation::silu, three, two, out), Error);
  EXPECT_THROW(activate(Activation::swiglu_oai, three, out), Error);
  EXPECT_THROW(rms_norm(three, {.weight = two}, out), Error);
  EXPECT_THROW(layer_norm(three, {.bias = two}, out), Error);
  EXPECT_THROW(rope(out, two, two, RopePairs::halves), Error);
}

}  // namespace
}  // namespace realizar::tensor
