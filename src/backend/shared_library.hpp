#pragma once

#include <string>

namespace realizar::backend {

/// A library that is opened while the program runs. It stays loaded until the process ends: drivers behind it
/// have threads and exit handlers that do not survive their code.
class SharedLibrary {
 public:
  /// `name` is a path, or a file name that the system looks for. Throws `Error` of kind io with what the
  /// system says.
  explicit SharedLibrary(const std::string& name);

  /// The address of a function or object, null when the library has none of that name.
  void* find(const char* symbol) const;

 private:
  void* handle_;
};

}  // namespace realizar::backend
