#pragma once

#include <cstddef>
#include <span>
#include <utility>

namespace realizar::backend {

/// What new memory holds.
enum class Fill { none, zero };

/// Memory of a fixed size at a multiple of 64 bytes; from 2 MiB on in huge pages where the system has them.
/// Movable; the last owner gives it back. Pages of large buffers become resident when first written.
class AlignedBuffer {
 public:
  static constexpr size_t alignment = 64;

  AlignedBuffer() = default;
  /// Throws `out_of_memory`.
  explicit AlignedBuffer(size_t bytes, Fill fill = Fill::zero);
  ~AlignedBuffer();
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// The memory as an array of T, which must be a type without constructors.
  template <class T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(data_), size_ / sizeof(T)};
  }
  template <class T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(data_), size_ / sizeof(T)};
  }

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace realizar::backend
