#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "formats/gguf_types.hpp"

namespace realizar::formats {

/// Calls `visit` with the first values of an entry, at most `limit`, each in the type that the file holds it
/// in: an integer, float, double, bool or string_view.
template <class Visit>
void for_each_value(const Metadata& entry, uint64_t limit, Visit visit) {
  const uint64_t count = std::min(entry.count, limit);
  const std::byte* address = entry.payload.data();
  const auto as = [&](auto type) {
    using T = decltype(type);
    for (uint64_t i = 0; i < count; ++i) visit(load_value<T>(address + i * sizeof(T)));
  };
  switch (entry.type) {
    case GgufType::u8:
      return as(uint8_t{});
    case GgufType::i8:
      return as(int8_t{});
    case GgufType::u16:
      return as(uint16_t{});
    case GgufType::i16:
      return as(int16_t{});
    case GgufType::u32:
      return as(uint32_t{});
    case GgufType::i32:
      return as(int32_t{});
    case GgufType::u64:
      return as(uint64_t{});
    case GgufType::i64:
      return as(int64_t{});
    case GgufType::f32:
      return as(float{});
    case GgufType::f64:
      return as(double{});
    case GgufType::boolean:
      return as(bool{});
    case GgufType::string:
      for (uint64_t i = 0; i < count; ++i) {
        const auto length = load_value<uint64_t>(address);
        visit(std::string_view(reinterpret_cast<const char*>(address + sizeof length), length));
        address += sizeof length + length;
      }
      return;
    case GgufType::array:
      return;  // arrays carry the type of their elements
  }
}

}  // namespace realizar::formats
