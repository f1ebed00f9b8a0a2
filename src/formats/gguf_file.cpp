#include "formats/gguf_file.hpp"

#include <cstdio>
#include <utility>

#include "base/error.hpp"

namespace realizar::formats {
namespace {

using backend::MappedFile;

// Keys of a split model, as llama.cpp's gguf-split writes them; numbers in keys count from 0, in file names
// from 1.
constexpr const char* part_number_key = "split.no";
constexpr const char* part_count_key = "split.count";
constexpr const char* all_tensors_key = "split.tensors.count";

/// "-00001-of-00003.gguf"
std::string part_suffix(uint32_t number, uint32_t count) {
  char text[64];
  std::snprintf(text, sizeof text, "-%05u-of-%05u.gguf", number + 1, count);
  return text;
}

Gguf open_part(const std::string& path, uint32_t number, uint32_t count, std::vector<MappedFile>& files) {
  try {
    files.emplace_back(path);
  } catch (const Error& error) {
    fail(error.kind(), "part ", number + 1, " of the ", count,
         " of a split model is missing: ", error.what());
  }
  Gguf part(files.back().bytes(), path);
  const auto own_count = part.get<uint16_t>(part_count_key);
  require(own_count == count, ErrorKind::invalid_file, part.where(part_count_key), " is ", own_count,
          ", and the first part says ", count);
  const auto own_number = part.get<uint16_t>(part_number_key);
  require(own_number == number, ErrorKind::invalid_file, part.where(part_number_key), " is ", own_number,
          ", and the file's name says part ", number + 1, ", which is number ", number);
  return part;
}

}  // namespace

GgufFile GgufFile::open(const std::string& path) {
  std::vector<MappedFile> files;
  files.emplace_back(path);
  Gguf first(files.front().bytes(), path);
  const int64_t stored_count = first.get_whole(part_count_key);
  if (stored_count <= 1) return GgufFile(std::move(files), std::move(first));

  const auto count = first.get<uint16_t>(part_count_key);
  const auto number = first.get<uint16_t>(part_number_key);
  require(number == 0, ErrorKind::invalid_argument, path, ": this is part ", number + 1, " of ", count,
          "; open the first one, whose name ends in ", part_suffix(0, count));
  const std::string suffix = part_suffix(0, count);
  require(path.ends_with(suffix), ErrorKind::invalid_argument, path, ": this is the first of ", count,
          " parts, which are found by their names; name it so that it ends in ", suffix);
  const std::string stem = path.substr(0, path.size() - suffix.size());

  std::vector<Gguf> parts;
  parts.push_back(std::move(first));
  for (uint32_t i = 1; i < count; ++i)
    parts.push_back(open_part(stem + part_suffix(i, count), i, count, files));
  Gguf whole = Gguf::join(std::move(parts));
  const auto tensors = static_cast<uint64_t>(whole.get_whole(all_tensors_key));
  require(tensors == 0 || tensors == whole.tensors().size(), ErrorKind::invalid_file,
          whole.where(all_tensors_key), " is ", tensors, ", and the ", count, " parts hold ",
          whole.tensors().size());
  return GgufFile(std::move(files), std::move(whole));
}

uint64_t GgufFile::size() const {
  uint64_t size = received_.n_bytes;
  for (const MappedFile& part : parts_) size += part.bytes().size();
  return size;
}

void GgufFile::drop(std::span<const std::byte> bytes) {
  const auto within = [&](const std::byte* begin, size_t size) {
    return bytes.data() >= begin && bytes.data() < begin + size;
  };
  for (const MappedFile& part : parts_) {
    const std::byte* const begin = part.bytes().data();
    if (within(begin, part.bytes().size()))
      part.drop(static_cast<size_t>(bytes.data() - begin), bytes.size());
  }
  for (size_t i = 0; i < received_.tensors.size(); ++i) {
    backend::AlignedBuffer& tensor = received_.tensors[i];
    if (!within(tensor.data(), tensor.size())) continue;
    received_.dropped[i] += bytes.size();
    if (received_.dropped[i] == tensor.size()) tensor = {};
  }
}

}  // namespace realizar::formats
