#include "formats/gguf_types.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace realizar::formats {
namespace {

struct TypeRow {
  const char* name;
  size_t size;
};

constexpr std::array<TypeRow, gguf_type_count> type_rows = {{{"u8", 1},
                                                             {"i8", 1},
                                                             {"u16", 2},
                                                             {"i16", 2},
                                                             {"u32", 4},
                                                             {"i32", 4},
                                                             {"f32", 4},
                                                             {"bool", 1},
                                                             {"string", 0},
                                                             {"array", 0},
                                                             {"u64", 8},
                                                             {"i64", 8},
                                                             {"f64", 8}}};

}  // namespace

const char* to_string(GgufType type) { return type_rows[static_cast<size_t>(type)].name; }

size_t gguf_type_size(GgufType type) { return type_rows[static_cast<size_t>(type)].size; }

std::string shape_text(const TensorInfo& tensor) {
  std::string text = "[";
  for (uint32_t i = 0; i < tensor.n_dims; ++i) text += concat(i ? ", " : "", tensor.shape[i]);
  return text + "]";
}

std::string quoted(std::string_view name) {
  constexpr size_t longest = 96;
  constexpr const char* digits = "0123456789abcdef";
  std::string text = "'";
  for (const char c : name.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f)
      text += c;
    else
      text += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
  }
  if (name.size() > longest) text += "...";
  return text + "'";
}

}  // namespace realizar::formats
