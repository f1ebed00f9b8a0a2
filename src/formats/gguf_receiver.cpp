#include "formats/gguf_receiver.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#include "base/error.hpp"

namespace realizar::formats {
namespace {

constexpr size_t first_try = size_t{64} << 10;

}  // namespace

GgufReceiver::GgufReceiver(std::string source, uint64_t n_bytes)
    : source_(std::move(source)), next_try_(first_try) {
  require(n_bytes <= std::numeric_limits<size_t>::max(), ErrorKind::out_of_memory, source_, " has ", n_bytes,
          " bytes, more than memory has addresses: use a smaller model");
  file_.n_bytes = n_bytes;
}

void GgufReceiver::append(std::span<const std::byte> bytes) {
  require(bytes.size() <= file_.n_bytes - received_, ErrorKind::invalid_argument, source_,
          ": more bytes came than the ", file_.n_bytes, " that were announced");
  // No more than what is parsed is kept as the header, however large the pieces are.
  while (!contents_ && !bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), next_try_ - file_.header.size()));
    file_.header.insert(file_.header.end(), piece.begin(), piece.end());
    received_ += piece.size();
    bytes = bytes.subspan(piece.size());
    if (file_.header.size() == next_try_ || received_ == file_.n_bytes) try_header();
  }
  if (bytes.empty()) return;
  place(received_, bytes);
  received_ += bytes.size();
}

void GgufReceiver::try_header() {
  contents_ = parse_gguf_start(file_.header, file_.n_bytes, source_);
  if (!contents_) {
    // Doubling keeps all tries together in proportion to the header.
    next_try_ = file_.header.size() * 2;
    return;
  }
  std::vector<TensorInfo>& tensors = contents_->tensors;
  for (TensorInfo& tensor : tensors) {
    backend::AlignedBuffer& memory =
        file_.tensors.emplace_back(static_cast<size_t>(tensor.n_bytes), backend::Fill::none);
    tensor.data = {memory.data(), memory.size()};
  }
  file_.dropped.resize(tensors.size());
  by_offset_.resize(tensors.size());
  std::iota(by_offset_.begin(), by_offset_.end(), size_t{0});
  std::sort(by_offset_.begin(), by_offset_.end(),
            [&](size_t a, size_t b) { return tensors[a].offset < tensors[b].offset; });
  place(0, file_.header);
}

/// What of the bytes at `offset` of the file belongs to tensors, into their memory.
void GgufReceiver::place(uint64_t offset, std::span<const std::byte> bytes) {
  const uint64_t end = offset + bytes.size();
  for (; current_ < by_offset_.size(); ++current_) {
    const size_t index = by_offset_[current_];
    const TensorInfo& tensor = contents_->tensors[index];
    const uint64_t from = std::max(offset, tensor.offset), to = std::min(end, tensor.offset + tensor.n_bytes);
    if (from < to)
      std::memcpy(file_.tensors[index].data() + (from - tensor.offset), bytes.data() + (from - offset),
                  static_cast<size_t>(to - from));
    if (tensor.offset + tensor.n_bytes > end) return;
  }
}

GgufFile GgufReceiver::finish() && {
  require(received_ == file_.n_bytes, ErrorKind::invalid_file, source_, ": of ", file_.n_bytes,
          " bytes only ", received_, " came: the transfer was cut short, try again");
  // Nothing was tried where nothing came.
  if (!contents_) contents_ = parse_gguf(file_.header, source_);
  Gguf gguf(std::move(*contents_), source_);
  const int64_t n_parts = gguf.get_whole("split.count");
  require(n_parts <= 1, ErrorKind::unsupported, source_, ": this is one of the ", n_parts,
          " parts of a split model, which can be loaded from a folder only: join them first");
  return GgufFile(std::move(file_), std::move(gguf));
}

}  // namespace realizar::formats
