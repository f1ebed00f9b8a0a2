#pragma once

#include <cstdint>

#include "kernels/formats/blocks256.hpp"

// Formats whose files hold, for a run of 8 weights, indices into a grid of a few hundred chosen vectors, and
// signs. Their weights are integers all the same: the grids of IQ2 and IQ3 hold magnitudes up to 62; those of
// IQ1 hold -1, 0 and 1, here times 8, and a delta of +-1/8, here +-1, is added to all weights of a run: here
// the grid has every vector twice, with either delta, and the sign of the delta is the top bit of the index.
// The integer scale of a group is 2s + 1 for the s of the file.
namespace realizar::kernels {

/// What the file holds for 8 weights.
struct GridRun {
  uint16_t index[2];  // into the grid; the second only where the grid has vectors of 4
  uint8_t signs;      // bit i: weight i is negative; 0 where the format has no signs
};

struct GridFormat : Block256 {
  static constexpr int code_bits = 8;
  static constexpr Codes codes = Codes::grid;
  static constexpr int sign_bits = 8;  // 7: the eighth makes the number of negative weights even; 0: none
};

// Each format has, beside `unpack`:
//   indices      in a run, of index_bits each
//   grid()       2^index_bits vectors of 8 / indices int8 weights, 64-byte aligned
//   grid_fields  what `file`, a block, holds for its weights 8 * k8 ... 8 * k8 + 7
//   expand       the weights of a run

struct IQ1_S : GridFormat {
  static constexpr TensorType type = TensorType::iq1_s;
  static constexpr int bytes = 50, group = 32, scale_bits = 4, indices = 1, index_bits = 12, sign_bits = 0;
  static constexpr float d_factor = 0.125f;
  static const int8_t* grid();
  static void grid_fields(const uint8_t* file, int k8, GridRun& out);
  static void expand(const GridRun& run, int8_t* weights);
  static void unpack(const uint8_t* file, UnpackedBlock<IQ1_S>& out);
};

/// The grid of IQ1_S with a scale for each 16 weights and a delta for each 8.
struct IQ1_M : GridFormat {
  static constexpr TensorType type = TensorType::iq1_m;
  static constexpr int bytes = 56, group = 16, scale_bits = 4, indices = 1, index_bits = 12, sign_bits = 0;
  static constexpr float d_factor = 0.125f;
  static const int8_t* grid();
  static void grid_fields(const uint8_t* file, int k8, GridRun& out);
  static void expand(const GridRun& run, int8_t* weights);
  static void unpack(const uint8_t* file, UnpackedBlock<IQ1_M>& out);
};

struct IQ2_XXS : GridFormat {
  static constexpr TensorType type = TensorType::iq2_xxs;
  static constexpr int bytes = 66, group = 32, scale_bits = 5, indices = 1, index_bits = 8, sign_bits = 7;
  static constexpr float d_factor = 0.125f;
  static const int8_t* grid();
  static void grid_fields(const uint8_t* file, int k8, GridRun& out);
  static void expand(const GridRun& run, int8_t* weights);
  static void unpack(const uint8_t* file, UnpackedBlock<IQ2_XXS>& out);
};

struct IQ2_XS : GridFormat {
  static constexpr TensorType type = TensorType::iq2_xs;
  static constexpr int bytes = 74, group = 16, scale_bits = 5, indices = 1, index_bits = 9, sign_bits = 7;
  static constexpr float d_factor = 0.125f;
  static const int8_t* grid();
  static void grid_fields(const uint8_t* file, int k8, GridRun& out);
  static void expand(const GridRun& run, int8_t* weights);
  static void unpack(const uint8_t* file, UnpackedBlock<IQ2_XS>& out);
};

struct IQ2_S : GridFormat {
  static constexpr TensorType type = TensorType::iq2_s;
  static constexpr int bytes = 82, group = 16, scale_bits = 5, indices = 1, index_bits = 10;
  static constexpr float d_factor = 0.125f;
  static const int8_t* grid();
  static void grid_fields(const uint8_t* file, int k8, GridRun& out);
  static void expand(const GridRun& run, int8_t* weights);
  static void unpack(const uint8_t* file, UnpackedBlock<IQ2_S>& out);
};

struct IQ3_XXS : GridFormat {
  static constexpr TensorType type = TensorType::iq3_xxs;
  static constexpr int bytes = 98, group = 32, scale_bits = 5, indices = 2, index_bits = 8, sign_bits = 7;
  static constexpr float d_factor = 0.25f;
  static const int8_t* grid();
  static void grid_fields(const uint8_t* file, int k8, GridRun& out);
  static void expand(const GridRun& run, int8_t* weights);
  static void unpack(const uint8_t* file, UnpackedBlock<IQ3_XXS>& out);
};

struct IQ3_S : GridFormat {
  static constexpr TensorType type = TensorType::iq3_s;
  static constexpr int bytes = 110, group = 32, scale_bits = 5, indices = 2, index_bits = 9;
  static const int8_t* grid();
  static void grid_fields(const uint8_t* file, int k8, GridRun& out);
  static void expand(const GridRun& run, int8_t* weights);
  static void unpack(const uint8_t* file, UnpackedBlock<IQ3_S>& out);
};

}  // namespace realizar::kernels
