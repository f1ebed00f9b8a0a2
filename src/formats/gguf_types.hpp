#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "kernels/tensor_type.hpp"

namespace realizar::formats {

using kernels::TensorType;

// The file is little endian, and values are read and written as the machine holds them.
static_assert(std::endian::native == std::endian::little);

inline constexpr uint32_t gguf_newest_version = 3;
inline constexpr size_t gguf_default_alignment = 32;
inline constexpr char gguf_magic[] = {'G', 'G', 'U', 'F'};
inline constexpr const char* gguf_alignment_key = "general.alignment";

/// The types of metadata values, under the numbers of the GGUF specification.
enum class GgufType : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

inline constexpr uint32_t gguf_type_count = 13;

/// "u32", "string", ...
const char* to_string(GgufType type);

/// Bytes of a value in the file; 0 for strings and arrays, whose size differs.
size_t gguf_type_size(GgufType type);

/// One key and its value or values, all of them views into the file.
struct Metadata {
  std::string_view key;
  GgufType type;  // of the value, or of each element of an array
  bool is_array;
  uint64_t count;                      // elements; 1 unless an array
  uint64_t offset;                     // in its file: where the key's entry begins
  std::span<const std::byte> payload;  // the values; each string is a u64 length and its bytes
};

/// One tensor of the directory, checked to lie within its file.
struct TensorInfo {
  std::string_view name;
  TensorType type;
  std::array<uint64_t, 4> shape;  // ne0, the length of a row, first; 1 beyond n_dims
  uint32_t n_dims;
  uint32_t part;          // which file of a split model holds it
  uint64_t entry_offset;  // in its file: where the tensor's description begins
  uint64_t offset;        // in its file: where its data begins
  uint64_t n_bytes;
  std::span<const std::byte> data;

  uint64_t n_elements() const { return shape[0] * shape[1] * shape[2] * shape[3]; }
  uint64_t n_rows() const { return shape[1] * shape[2] * shape[3]; }
};

/// "[576, 1536]"
std::string shape_text(const TensorInfo& tensor);

/// The name between quotes, its bytes outside printable ASCII as \xNN, cut when long: names come from files
/// that nobody has checked, and end on terminals.
std::string quoted(std::string_view name);

/// The little-endian value at an address of any alignment.
template <class T>
T load_value(const std::byte* address) {
  T value;
  std::memcpy(&value, address, sizeof value);
  return value;
}

}  // namespace realizar::formats
