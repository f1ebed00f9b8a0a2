#pragma once

namespace realizar::cli {

/// Prints every backend that this build has, with what this machine does with it at best; returns the exit
/// status.
int show_backends(bool json);

}  // namespace realizar::cli
