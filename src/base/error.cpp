#include "base/error.hpp"

namespace realizar {

const char* to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
      return "invalid_argument";
    case ErrorKind::invalid_file:
      return "invalid_file";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::io:
      return "io";
    case ErrorKind::out_of_memory:
      return "out_of_memory";
    case ErrorKind::limit_exceeded:
      return "limit_exceeded";
    case ErrorKind::invalid_template:
      return "invalid_template";
    case ErrorKind::internal:
      return "internal";
  }
  return "unknown";
}

}  // namespace realizar
