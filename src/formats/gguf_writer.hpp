#pragma once

#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "formats/gguf_types.hpp"

namespace realizar::formats {

/// Writes a GGUF file: keys and tensors in the order they were added. A wrong call (a key twice, data that
/// does not fill the shape) throws `Error` of kind invalid_argument.
class GgufWriter {
 public:
  explicit GgufWriter(uint64_t alignment = gguf_default_alignment);

  /// T: a fixed-width integer, bool, float or double.
  template <class T>
  void set(std::string_view key, T value) {
    add_values(key, type_of<T>(), false, 1, &value, sizeof value);
  }
  void set(std::string_view key, std::string_view value);
  void set(std::string_view key, const char* value) { set(key, std::string_view(value)); }

  template <class T>
  void set_array(std::string_view key, std::span<const T> values) {
    add_values(key, type_of<T>(), true, values.size(), values.data(), values.size_bytes());
  }
  template <class T>
  void set_array(std::string_view key, const std::vector<T>& values) {
    set_array(key, std::span<const T>(values));
  }
  template <class T>
  void set_array(std::string_view key, std::initializer_list<T> values) {
    set_array(key, std::span<const T>(values.begin(), values.size()));
  }
  void set_array(std::string_view key, std::span<const std::string> values);
  void set_array(std::string_view key, const std::vector<std::string>& values) {
    set_array(key, std::span<const std::string>(values));
  }

  /// The tensor's bytes, taken over. `shape` begins with the length of a row.
  void add_tensor(std::string_view name, TensorType type, std::vector<uint64_t> shape,
                  std::vector<std::byte> data);
  /// The tensor's bytes, borrowed until the file is written.
  void add_tensor(std::string_view name, TensorType type, std::vector<uint64_t> shape,
                  std::span<const std::byte> data);
  void add_tensor(std::string_view name, std::vector<uint64_t> shape, const std::vector<float>& values);

  std::vector<std::byte> bytes() const;
  /// Writes `path`.partial and renames it, so that `path` is never half a file.
  void write(const std::string& path) const;

 private:
  struct Tensor {
    std::string name;
    TensorType type;
    std::vector<uint64_t> shape;
    std::vector<std::byte> owned;
    std::span<const std::byte> data;
  };

  template <class T>
  static constexpr GgufType type_of();

  void add_key(std::string_view key, GgufType type, bool is_array, uint64_t count);
  void add_values(std::string_view key, GgufType type, bool is_array, uint64_t count, const void* values,
                  size_t size);
  void add_tensor(Tensor tensor);
  void write(std::ostream& out) const;

  uint64_t alignment_;
  std::vector<std::string> keys_;
  std::string metadata_;  // the entries as they stand in the file
  std::vector<Tensor> tensors_;
};

template <class T>
constexpr GgufType GgufWriter::type_of() {
  if constexpr (std::is_same_v<T, bool>) return GgufType::boolean;
  if constexpr (std::is_same_v<T, float>) return GgufType::f32;
  if constexpr (std::is_same_v<T, double>) return GgufType::f64;
  if constexpr (std::is_same_v<T, uint8_t>) return GgufType::u8;
  if constexpr (std::is_same_v<T, int8_t>) return GgufType::i8;
  if constexpr (std::is_same_v<T, uint16_t>) return GgufType::u16;
  if constexpr (std::is_same_v<T, int16_t>) return GgufType::i16;
  if constexpr (std::is_same_v<T, uint32_t>) return GgufType::u32;
  if constexpr (std::is_same_v<T, int32_t>) return GgufType::i32;
  if constexpr (std::is_same_v<T, uint64_t>) return GgufType::u64;
  if constexpr (std::is_same_v<T, int64_t>) return GgufType::i64;
}

}  // namespace realizar::formats
