#pragma once

#include <sstream>
#include <string>

namespace realizar {

/// The parts written one after the other, as a stream writes them.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

}  // namespace realizar
