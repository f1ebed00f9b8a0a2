#include "backend/shared_library.hpp"

#include <dlfcn.h>

#include "base/error.hpp"

namespace realizar::backend {

SharedLibrary::SharedLibrary(const std::string& name)
    : handle_(::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) {
  if (handle_) return;
  const char* const reason = ::dlerror();
  fail(ErrorKind::io, "cannot open the library '", name, "': ", reason ? reason : "no reason given");
}

void* SharedLibrary::find(const char* symbol) const { return ::dlsym(handle_, symbol); }

}  // namespace realizar::backend
