#pragma once

#include "base/error.hpp"
#include "fusion/device.hpp"
#include "realizar/options.hpp"

// What functions with options share: their check, and the device's own terms for what it can be asked for.
namespace realizar {

/// Throws `invalid_argument` when the option `name` has too small a value.
inline void require_at_least(const char* name, int value, int least) {
  require(value >= least, ErrorKind::invalid_argument, name, " is ", value, ": give at least ", least);
}

inline fusion::Arithmetic to_fusion(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::exact ? fusion::Arithmetic::exact : fusion::Arithmetic::fast;
}

inline fusion::KvType to_fusion(KvType type) {
  switch (type) {
    case KvType::f32:
      return fusion::KvType::f32;
    case KvType::q8_0:
      return fusion::KvType::q8_0;
    case KvType::f16:
      break;
  }
  return fusion::KvType::f16;
}

}  // namespace realizar
