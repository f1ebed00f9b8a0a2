#pragma once

#include <stdexcept>
#include <string>

namespace realizar {

/// What went wrong, for programs; the sentence in `what()` is for people.
enum class ErrorKind {
  invalid_argument,  ///< a call or an option that cannot be right
  invalid_file,      ///< a file whose contents break its format
  unsupported,       ///< a valid thing that this build does not know
  io,                ///< the operating system refused
  out_of_memory,     ///< memory or a configured memory limit ran out
  limit_exceeded,    ///< a time, size or step limit was reached
  invalid_template,  ///< a chat template that fails to parse or to run
  internal,          ///< a broken promise inside realizar: please report it
};

/// The name of a kind as it stands in the enumeration.
const char* to_string(ErrorKind kind);

/// The one exception that public calls throw: a kind, and a sentence that says what, where and what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace realizar
