#pragma once

// The instruction sets that kernels are written for: SET(name, the set it builds on, the processor features
// that it needs beyond those of that), each family from the slowest on. All that goes by set is made from
// these rows: the enumeration, names, the choice at start, the tables. The vocabulary of a set stands in
// src/kernels/NAME.cpp.
#define REALIZAR_X86_SETS(SET)                                                    \
  SET(avx2, scalar, "avx", "fma", "f16c", "avx2")                                 \
  SET(avx_vnni, avx2, "avx_vnni")                                                 \
  SET(avx512, avx2, "avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512_vnni") \
  SET(amx, avx512, "amx_tile", "amx_int8")

#define REALIZAR_ARM_SETS(SET)   \
  SET(neon, scalar, "asimd")     \
  SET(neon_dot, neon, "dotprod") \
  SET(neon_i8mm, neon_dot, "i8mm")

#define REALIZAR_WASM_SETS(SET)        \
  SET(wasm_unfused, scalar, "simd128") \
  SET(wasm, wasm_unfused, "simd128")

#define REALIZAR_ALL_SETS(SET) REALIZAR_X86_SETS(SET) REALIZAR_ARM_SETS(SET) REALIZAR_WASM_SETS(SET)

// Those of the processors that this is compiled for, beside scalar.
#if defined(__x86_64__)
#define REALIZAR_SETS_HERE(SET) REALIZAR_X86_SETS(SET)
#elif defined(__aarch64__)
#define REALIZAR_SETS_HERE(SET) REALIZAR_ARM_SETS(SET)
#elif defined(__wasm__)
#define REALIZAR_SETS_HERE(SET) REALIZAR_WASM_SETS(SET)
#else
#define REALIZAR_SETS_HERE(SET)
#endif
