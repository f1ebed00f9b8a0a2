#include "formats/gguf_writer.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/error.hpp"

namespace realizar::formats {
namespace {

template <class T>
void append(std::string& text, T value) {
  text.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_string(std::string& text, std::string_view value) {
  append<uint64_t>(text, value.size());
  text.append(value);
}

}  // namespace

GgufWriter::GgufWriter(uint64_t alignment) : alignment_(alignment) {
  require(std::has_single_bit(alignment) && alignment >= 8, ErrorKind::invalid_argument, "the alignment ",
          alignment, " of a GGUF file must be a power of two from 8 on");
  if (alignment != gguf_default_alignment) set(gguf_alignment_key, static_cast<uint32_t>(alignment));
}

void GgufWriter::add_key(std::string_view key, GgufType type, bool is_array, uint64_t count) {
  require(std::find(keys_.begin(), keys_.end(), key) == keys_.end(), ErrorKind::invalid_argument, "the key ",
          quoted(key), " is set twice");
  keys_.emplace_back(key);
  append_string(metadata_, key);
  if (is_array) append(metadata_, GgufType::array);
  append(metadata_, type);
  if (is_array) append(metadata_, count);
}

void GgufWriter::add_values(std::string_view key, GgufType type, bool is_array, uint64_t count,
                            const void* values, size_t size) {
  add_key(key, type, is_array, count);
  if (size) metadata_.append(static_cast<const char*>(values), size);
}

void GgufWriter::set(std::string_view key, std::string_view value) {
  add_key(key, GgufType::string, false, 1);
  append_string(metadata_, value);
}

void GgufWriter::set_array(std::string_view key, std::span<const std::string> values) {
  add_key(key, GgufType::string, true, values.size());
  for (const std::string& value : values) append_string(metadata_, value);
}

void GgufWriter::add_tensor(std::string_view name, TensorType type, std::vector<uint64_t> shape,
                            std::vector<std::byte> data) {
  const std::span<const std::byte> view = data;  // stays valid: moving a vector keeps its storage
  add_tensor({std::string(name), type, std::move(shape), std::move(data), view});
}

void GgufWriter::add_tensor(std::string_view name, TensorType type, std::vector<uint64_t> shape,
                            std::span<const std::byte> data) {
  add_tensor({std::string(name), type, std::move(shape), {}, data});
}

void GgufWriter::add_tensor(std::string_view name, std::vector<uint64_t> shape,
                            const std::vector<float>& values) {
  const std::span bytes = std::as_bytes(std::span(values));
  add_tensor(name, TensorType::f32, std::move(shape), std::vector(bytes.begin(), bytes.end()));
}

void GgufWriter::add_tensor(Tensor tensor) {
  const kernels::TensorTypeInfo& type = kernels::info(tensor.type);
  require(!tensor.shape.empty() && tensor.shape.size() <= 4, ErrorKind::invalid_argument, "tensor ",
          quoted(tensor.name), " has ", tensor.shape.size(), " dimensions; 1 to 4 are allowed");
  const auto block = static_cast<uint64_t>(type.block);
  require(tensor.shape[0] % block == 0, ErrorKind::invalid_argument, "tensor ", quoted(tensor.name),
          " has rows of ", tensor.shape[0], " weights, no multiple of the ", block, " in a block of ",
          type.name);
  uint64_t size = static_cast<uint64_t>(type.bytes);
  for (size_t i = 0; i < tensor.shape.size(); ++i) size *= i == 0 ? tensor.shape[0] / block : tensor.shape[i];
  require(size == tensor.data.size() && size != 0, ErrorKind::invalid_argument, "tensor ",
          quoted(tensor.name), " has ", tensor.data.size(), " bytes of data, and its shape takes ", size);
  for (const Tensor& other : tensors_)
    require(other.name != tensor.name, ErrorKind::invalid_argument, "the tensor ", quoted(tensor.name),
            " is added twice");
  tensors_.push_back(std::move(tensor));
}

void GgufWriter::write(std::ostream& out) const {
  const auto aligned = [&](uint64_t size) { return (size + alignment_ - 1) & ~(alignment_ - 1); };
  std::string header(gguf_magic, sizeof gguf_magic);
  append(header, gguf_newest_version);
  append<uint64_t>(header, tensors_.size());
  append<uint64_t>(header, keys_.size());
  header += metadata_;
  uint64_t offset = 0;
  for (const Tensor& tensor : tensors_) {
    append_string(header, tensor.name);
    append(header, static_cast<uint32_t>(tensor.shape.size()));
    for (const uint64_t n : tensor.shape) append(header, n);
    append(header, tensor.type);
    append(header, offset);
    offset += aligned(tensor.data.size());
  }
  header.resize(aligned(header.size()), '\0');
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  for (const Tensor& tensor : tensors_) {
    const std::string padding(aligned(tensor.data.size()) - tensor.data.size(), '\0');
    out.write(reinterpret_cast<const char*>(tensor.data.data()),
              static_cast<std::streamsize>(tensor.data.size()));
    out << padding;
  }
}

std::vector<std::byte> GgufWriter::bytes() const {
  std::ostringstream out;
  write(out);
  const std::string text = out.str();
  const std::span view = std::as_bytes(std::span(text));
  return {view.begin(), view.end()};
}

void GgufWriter::write(const std::string& path) const {
  const std::string partial = path + ".partial";
  std::ofstream out(partial, std::ios::binary);
  write(out);
  out.close();
  if (!out || std::rename(partial.c_str(), path.c_str()) != 0) {
    std::remove(partial.c_str());
    fail(ErrorKind::io, "cannot write '", path, "': the folder is missing or read-only, or the disk is full");
  }
}

}  // namespace realizar::formats
