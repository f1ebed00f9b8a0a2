#pragma once

#include <memory>
#include <string>

#include "fusion/device.hpp"

namespace realizar::fusion {

/// The devices of the two parts of a split plan as one device. A batch goes through the first and then, with
/// the rows that it gives, through the second; keys and values stay where their layer runs.
std::unique_ptr<Device> join_devices(std::unique_ptr<Device> first, std::unique_ptr<Device> second);

}  // namespace realizar::fusion
