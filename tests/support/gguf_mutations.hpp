#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <vector>

namespace realizar::test {

struct Mutation {
  size_t position;
  uint64_t value;
  uint8_t width;  // bytes written; 0 cuts the file here
};

// Values that sizes go wrong on, beside arbitrary ones.
inline rc::Gen<uint64_t> hostile_value() {
  return rc::gen::oneOf(
      rc::gen::element<uint64_t>(0, 1, 0x7f, 0xff, 0x7fffffff, 0xffffffff, uint64_t{1} << 61,
                                 uint64_t{1} << 63, ~uint64_t{0}, ~uint64_t{7}),
      rc::gen::inRange<uint64_t>(0, 300), rc::gen::arbitrary<uint64_t>());
}

inline rc::Gen<std::vector<Mutation>> mutations(size_t header_size) {
  return rc::gen::mapcat(rc::gen::inRange<size_t>(1, 5), [=](size_t count) {
    return rc::gen::container<std::vector<Mutation>>(
        count, rc::gen::construct<Mutation>(rc::gen::inRange<size_t>(0, header_size), hostile_value(),
                                            rc::gen::element<uint8_t>(0, 1, 1, 1, 4, 4, 8, 8)));
  });
}

/// Mutates the header in place, hands what came of it to `read`, and puts the header back.
inline void check_mutations(std::vector<std::byte>& bytes, size_t header_size,
                            const std::function<void(std::span<const std::byte>)>& read) {
  const std::vector<std::byte> header(bytes.begin(),
                                      bytes.begin() + static_cast<std::ptrdiff_t>(header_size));
  size_t size = bytes.size();
  for (const Mutation& mutation : *mutations(header_size)) {
    if (mutation.width == 0)
      size = std::min(size, mutation.position);
    else
      std::memcpy(bytes.data() + mutation.position, &mutation.value,
                  std::min<size_t>(mutation.width, header_size - mutation.position));
  }
  if (size == bytes.size())
    read(bytes);
  else  // in storage of exactly that size, so that a sanitizer sees reads beyond the cut
    read(std::vector(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)));
  std::copy(header.begin(), header.end(), bytes.begin());
}

}  // namespace realizar::test
