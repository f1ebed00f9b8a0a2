#pragma once

#include <string>
#include <vector>

namespace realizar {

/// A way to compute that this build has: an instruction set of its kernels, or a GPU.
struct Backend {
  std::string name;
  bool is_gpu = false;
  bool available = false;  ///< this machine has it
  bool used = false;       ///< where nothing else is asked for
  std::string reason;      ///< why it is used, or why not

  // What this machine does with it at best; 0: not measured.
  double read_bandwidth = 0;  ///< bytes a second
  double int8_peak = 0;       ///< multiply-adds a second of bytes into integers
  double f32_peak = 0;        ///< multiply-adds a second of f32
};

/// All of them, instruction sets first, slowest first. `n_threads` measure; 0: one a physical core. Takes
/// some tenths of a second. Throws `invalid_argument` when REALIZAR_ISA names no set of this machine.
std::vector<Backend> list_backends(int n_threads = 0);

}  // namespace realizar
