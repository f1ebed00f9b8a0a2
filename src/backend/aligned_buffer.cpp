#include "backend/aligned_buffer.hpp"

#include <cstring>
#include <new>

#include "backend/system.hpp"
#include "base/error.hpp"

namespace realizar::backend {
namespace {

constexpr std::align_val_t buffer_alignment{AlignedBuffer::alignment};

bool is_mapped(size_t bytes) { return bytes >= system::huge_page_bytes; }

}  // namespace

AlignedBuffer::AlignedBuffer(size_t bytes, Fill fill) : size_(bytes) {
  if (bytes == 0) return;
  void* data =
      is_mapped(bytes) ? system::map_huge(bytes) : ::operator new(bytes, buffer_alignment, std::nothrow);
  require(data != nullptr, ErrorKind::out_of_memory, "the system refused ", bytes,
          " bytes of memory: use a smaller model, context or batch, or stop other programs");
  data_ = static_cast<std::byte*>(data);
  if (fill == Fill::zero && !is_mapped(bytes)) std::memset(data_, 0, bytes);
}

AlignedBuffer::~AlignedBuffer() {
  if (data_ == nullptr) return;
  if (is_mapped(size_))
    system::unmap_huge(data_, size_);
  else
    ::operator delete(data_, buffer_alignment);
}

}  // namespace realizar::backend
