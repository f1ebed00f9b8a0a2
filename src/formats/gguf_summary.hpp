#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "formats/gguf.hpp"

namespace realizar::formats {

/// The tensors of one type.
struct TypeSummary {
  TensorType type;
  uint64_t tensors, elements, bytes;
};

/// What a file holds, in a few numbers.
struct GgufSummary {
  std::string_view architecture, name;  // empty when the file does not say
  uint64_t tensors, parameters, tensor_bytes;
  std::vector<TypeSummary> by_type;  // most bytes first
};

GgufSummary summarize(const Gguf& gguf);

/// A metadata value as text formats such as JSON know it.
using PlainValue = std::variant<bool, int64_t, uint64_t, double, std::string_view>;

/// The first values of an entry, at most `limit`.
std::vector<PlainValue> plain_values(const Metadata& entry, uint64_t limit);

}  // namespace realizar::formats
