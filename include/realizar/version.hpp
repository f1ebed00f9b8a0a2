#pragma once

namespace realizar {

/// "0.1.0"
const char* version();

/// The instruction set that the arithmetic uses here ("scalar", "avx2", "avx512", ...), chosen once at start
/// or named by the environment variable REALIZAR_ISA.
const char* instruction_set();

}  // namespace realizar
