#pragma once

#include <utility>

#include "base/error.hpp"
#include "kernels/formats/blocks256.hpp"
#include "kernels/formats/blocks32.hpp"
#include "kernels/formats/grids.hpp"
#include "kernels/formats/int16.hpp"

// All block formats, for the code that is written once for each of them.
namespace realizar::kernels {

template <class... F>
struct FormatList {};

using GridFormats = FormatList<IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S>;
using AllBlockFormats =
    FormatList<Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4, NVFP4,
               TQ1_0, TQ2_0, IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S>;

namespace detail {

template <class... F>
constexpr bool contains(FormatList<F...>, TensorType type) {
  return ((F::type == type) || ...);
}

template <class First, class... Rest, class Fn>
decltype(auto) visit(FormatList<First, Rest...>, TensorType type, Fn&& fn) {
  if constexpr (sizeof...(Rest) > 0)
    if (type != First::type) return visit(FormatList<Rest...>{}, type, std::forward<Fn>(fn));
  require(type == First::type, ErrorKind::internal, info(type).name, " is no block format");
  return std::forward<Fn>(fn)(First{});
}

}  // namespace detail

constexpr bool is_block_format(TensorType type) { return detail::contains(AllBlockFormats{}, type); }

/// fn(F{}) for the format of that type. The type must be a block format.
template <class Fn>
decltype(auto) visit_format(TensorType type, Fn&& fn) {
  return detail::visit(AllBlockFormats{}, type, std::forward<Fn>(fn));
}

/// fn(F{}) for every format of the list.
template <class... F, class Fn>
void for_each_format(FormatList<F...>, Fn&& fn) {
  (fn(F{}), ...);
}

}  // namespace realizar::kernels
