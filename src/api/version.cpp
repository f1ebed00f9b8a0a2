#include "realizar/version.hpp"

#include "backend/isa.hpp"

namespace realizar {

const char* version() { return REALIZAR_VERSION; }
const char* instruction_set() { return backend::to_string(backend::selected_isa()); }

}  // namespace realizar
