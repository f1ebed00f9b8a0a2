#pragma once

#include "fusion/device.hpp"
#include "realizar/options.hpp"

// The public names of what a device can be asked for, in the device's own terms.
namespace realizar {

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
