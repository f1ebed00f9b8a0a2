#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "server/http.hpp"
#include "server/served_file.hpp"

namespace realizar::server {

/// What a Range header asks for of a body (RFC 9110, 14.2).
struct ByteRange {
  enum class Kind {
    whole,          ///< there is none, or one that is not understood, or several
    part,           ///< `n_bytes` from `offset` on
    unsatisfiable,  ///< nothing of it is there
  };
  Kind kind = Kind::whole;
  uint64_t offset = 0, n_bytes = 0;
};

/// Reads a Range header for a body of `size` bytes.
ByteRange parse_range(std::string_view header, uint64_t size);

/// The media type of a file by the end of its name.
std::string media_type(std::string_view name);

/// A file, or the part of it that the request asks for, or that it has not changed (304). Browsers keep it,
/// and ask every time whether it has changed.
Response file_response(const Request& request, std::shared_ptr<const ServedFile> file,
                       const std::string& type);

}  // namespace realizar::server
