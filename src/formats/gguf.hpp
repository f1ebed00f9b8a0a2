#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <vector>

#include "formats/gguf_parser.hpp"
#include "formats/gguf_types.hpp"
#include "formats/name_index.hpp"

namespace realizar::formats {

/// Types that metadata converts to: any integer of the file to any integer type that holds it, f32 and f64 to
/// either, bool, and strings.
template <class T>
concept MetadataValue = std::integral<T> || std::floating_point<T> || std::same_as<T, std::string_view>;

/// The metadata and the tensor directory of a model, validated; everything is a view into bytes that must
/// outlive it.
///
/// Getters throw `Error` of kind invalid_file that names the file, the key and its offset: when the key is
/// missing (those without a default), when its type is another one, or when its value does not fit the type
/// asked for.
class Gguf {
 public:
  /// Validates a whole file; `source` names it in errors.
  explicit Gguf(std::span<const std::byte> bytes, std::string source = "GGUF data");

  /// What a file holds, parsed.
  Gguf(GgufContents contents, std::string source);

  /// The parts of a split model as one: the metadata of the first, the tensors of all in order.
  static Gguf join(std::vector<Gguf> parts);

  uint32_t version() const { return contents_.version; }
  uint64_t alignment() const { return contents_.alignment; }
  uint64_t data_offset() const { return contents_.data_offset; }

  /// In the order of the file.
  const std::vector<Metadata>& metadata() const { return contents_.metadata; }
  const std::vector<TensorInfo>& tensors() const { return contents_.tensors; }

  /// Null when there is none.
  const Metadata* find(std::string_view key) const;
  const TensorInfo* find_tensor(std::string_view name) const;

  /// Where a thing stands, as the subject of an error sentence: "FILE: key 'x' at offset 64".
  std::string where(const Metadata& entry) const;
  std::string where(const TensorInfo& tensor) const;
  /// The same by key, which may be missing: "FILE: key 'x'".
  std::string where(std::string_view key) const;
  /// The subject of an error about a number that must be given: "FILE: key 'x' is missing", or what stands
  /// there for a missing one.
  std::string not_given(std::string_view key) const;
  /// The name of the file that holds a part, for other errors.
  const std::string& source(size_t part = 0) const { return sources_[part]; }

  template <MetadataValue T>
  T get(std::string_view key) const;
  template <MetadataValue T>
  T get_or(std::string_view key, T absent) const {
    return find(key) ? get<T>(key) : absent;
  }
  template <MetadataValue T>
  std::vector<T> get_array(std::string_view key) const;
  /// An empty array when the key is missing.
  template <MetadataValue T>
  std::vector<T> get_array_or_empty(std::string_view key) const {
    return find(key) ? get_array<T>(key) : std::vector<T>();
  }
  /// `count` values: those of an array of exactly that many, or one value repeated (keys such as head counts
  /// come either way).
  template <MetadataValue T>
  std::vector<T> get_repeated(std::string_view key, size_t count) const;

  /// A whole number; 0 when the key is absent, 0 or -1 (in 32 or 64 bits, with or without a sign).
  int64_t get_whole(std::string_view key) const;

  uint32_t get_u32(std::string_view key) const { return get<uint32_t>(key); }
  uint32_t get_u32_or(std::string_view key, uint32_t absent) const { return get_or(key, absent); }
  int64_t get_i64_or(std::string_view key, int64_t absent) const { return get_or(key, absent); }
  float get_f32(std::string_view key) const { return get<float>(key); }
  float get_f32_or(std::string_view key, float absent) const { return get_or(key, absent); }
  bool get_bool_or(std::string_view key, bool absent) const { return get_or(key, absent); }
  std::string_view get_string(std::string_view key) const { return get<std::string_view>(key); }
  std::string_view get_string_or(std::string_view key, std::string_view absent) const {
    return get_or(key, absent);
  }

 private:
  Gguf() = default;
  void index_names();
  const Metadata& at(std::string_view key) const;

  GgufContents contents_{};
  std::vector<std::string> sources_;  // one a part
  NameIndex metadata_index_, tensor_index_;
};

}  // namespace realizar::formats
