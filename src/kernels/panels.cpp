#include "kernels/panels.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/kernel_table.hpp"
#include "kernels/unrolled.hpp"

namespace realizar::kernels {
namespace {

constexpr size_t alignment = 64;  // of panels: a cache line

size_t element_bytes(TensorType type) { return type == TensorType::f32 ? 4 : 2; }

uint32_t load_word(const uint8_t* from) {
  uint32_t word;
  std::memcpy(&word, from, 4);
  return word;
}
void store_word(uint32_t word, uint8_t* to) { std::memcpy(to, &word, 4); }

/// The same byte four times.
constexpr uint32_t each_byte(int byte) { return static_cast<uint32_t>(byte) * 0x01010101; }

/// The fields of a row, four to a word; `out` is the first of the row's four bytes in the first vector.
template <class Fields, int Count>
void put_integers(const uint8_t* fields, uint8_t* out) {
  if constexpr (Fields::stored_bits == 8) {
    for (int quad = 0; quad < Count / 4; ++quad)
      store_word(load_word(fields + 4 * quad), out + quad * vector_bytes);
  } else {
    constexpr int nibbles = Fields::nibble_vectors;
    for (int v = 0; v < nibbles; ++v)
      store_word((load_word(fields + 4 * v) & each_byte(15)) |
                     (load_word(fields + 4 * (v + nibbles)) & each_byte(15)) << 4,
                 out + v * vector_bytes);
    if constexpr (Fields::stored_bits == 6) {
      constexpr int pairs = Fields::pair_vectors;
      for (int v = 0; v < pairs; ++v) {
        uint32_t word = 0;
        for (int j = 0; j < 4; ++j)
          word |= (load_word(fields + 4 * (v + j * pairs)) >> 4 & each_byte(3)) << (2 * j);
        store_word(word, out + Fields::pairs_at + v * vector_bytes);
      }
    }
  }
}

/// A word of each of four rows.
using FourRows = uint32_t __attribute__((vector_size(16)));

/// Rows of four words each become words of four rows each.
void transpose(FourRows (&m)[4]) {
  const FourRows ab = __builtin_shufflevector(m[0], m[1], 0, 4, 1, 5);
  const FourRows AB = __builtin_shufflevector(m[0], m[1], 2, 6, 3, 7);
  const FourRows cd = __builtin_shufflevector(m[2], m[3], 0, 4, 1, 5);
  const FourRows CD = __builtin_shufflevector(m[2], m[3], 2, 6, 3, 7);
  m[0] = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
  m[1] = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  m[2] = __builtin_shufflevector(AB, CD, 0, 1, 4, 5);
  m[3] = __builtin_shufflevector(AB, CD, 2, 3, 6, 7);
}

/// The codes of columns [column, column + 16) of a block, from its unpacked form or, where they stand in
/// runs, from the file: a word for every four.
template <class F>
[[gnu::always_inline]] inline FourRows codes_at(const UnpackedBlock<F>& block, int column) {
  FourRows codes;
  std::memcpy(&codes, block.code + column, sizeof(codes));
  return codes;
}
template <class F>
[[gnu::always_inline]] inline FourRows codes_at(const uint8_t* file, int column) {
  FourRows codes = {};
  unrolled<std::size(F::code_fields)>([&](auto i) __attribute__((always_inline)) {
    constexpr CodeFields fields = F::code_fields[i];
    constexpr int columns = 8 / fields.bits * fields.run;  // of a run of bytes
    FourRows bytes;
    std::memcpy(&bytes, file + fields.at + column / columns * fields.run + column % fields.run,
                sizeof(bytes));
    const int shift = column % columns / fields.run * fields.bits;
    codes |= (bytes >> shift & each_byte((1 << fields.bits) - 1)) << fields.to;
  });
  return codes;
}

/// The 32 codes of a chunk of four rows, which stand in each from `column` on; `out` is the first byte of
/// these rows in the chunk's first vector.
template <class F, class Row>
[[gnu::always_inline]] inline void put_chunk(const Row* rows, int column, uint8_t* out) {
  constexpr int bits = F::code_bits, half = chunk_groups / 2;
  FourRows group[2][half];
  for (int h = 0; h < 2; ++h) {
    for (int row = 0; row < 4; ++row) group[h][row] = codes_at<F>(rows[row], column + h * chunk_columns / 2);
    transpose(group[h]);
  }
  FourRows vectors[bits] = {};
  unrolled<chunk_groups * 3>([&](auto i) {
    constexpr int g = i / 3;
    constexpr CodePiece piece = code_pieces<bits>[g][i % 3];
    if constexpr (piece.bits != 0)
      vectors[piece.vector] |= (group[g / half][g % half] >> piece.to & each_byte((1 << piece.bits) - 1))
                               << piece.from;
  });
  for (int v = 0; v < bits; ++v) std::memcpy(out + v * vector_bytes, &vectors[v], sizeof(FourRows));
}

/// The four runs of a chunk; `out` is the byte of this row in the chunk's first 16.
template <class F>
void put_runs(const uint8_t* file, int chunk, uint8_t* out) {
  using G = GridChunk<F>;
  uint32_t high = 0;
  for (int run = 0; run < G::runs; ++run) {
    GridRun fields;
    F::grid_fields(file, chunk * G::runs + run, fields);
    for (int i = run * F::indices; i < (run + 1) * F::indices; ++i) {
      const uint32_t index = fields.index[i % F::indices];
      out[i * panel_rows] = static_cast<uint8_t>(index);
      high |= index >> 8 << (i * G::high_bits);
    }
    if constexpr (G::has_signs) out[G::signs_at + run * panel_rows] = fields.signs;
  }
  for (int i = 0; i < G::high_bytes; ++i)
    out[G::high_at + i * panel_rows] = static_cast<uint8_t>(high >> (8 * i));
}

template <class F>
void put_meta(const UnpackedBlock<F>& block, int row, uint8_t* meta) {
  using L = PanelLayout<F>;
  for (int i = 0; i < L::spans; ++i)
    std::memcpy(meta + (i * panel_rows + row) * L::d_bytes, &block.d_bits[i], L::d_bytes);
  if constexpr (F::has_min) std::memcpy(meta + L::dmin_at + row * 2, &block.dmin_bits, 2);
  if constexpr (F::scale_bits != 0) {
    constexpr int count = L::groups * (F::has_min ? 2 : 1);
    uint8_t fields[count];
    for (int i = 0; i < L::groups; ++i) fields[i] = static_cast<uint8_t>(scale_value<F>(block.scale[i]));
    if constexpr (F::has_min) std::memcpy(fields + L::groups, block.min, L::groups);
    put_integers<typename L::Fields, count>(fields, meta + L::fields_at + 4 * row);
  }
}

/// The codes of the rows of a panel's block, chunk by chunk.
template <class F, class Row>
void put_codes(const Row* rows, uint8_t* out) {
  unrolled<PanelLayout<F>::chunks>([&](auto chunk) __attribute__((always_inline)) {
    for (int row = 0; row < panel_rows; row += 4)
      put_chunk<F>(rows + row, chunk * chunk_columns, out + chunk * CodeChunk<F>::bytes + 4 * row);
  });
}

template <class F>
void pack_blocks(const uint8_t* rows, size_t row_stride, int n_rows, int64_t n_blocks, uint8_t* panel) {
  using L = PanelLayout<F>;
  constexpr bool from_file = requires { F::code_fields; };
  static constexpr uint8_t no_row[F::bytes] = {};
  UnpackedBlock<F> block[panel_rows] = {};
  const uint8_t* files[panel_rows];
  std::fill(std::begin(files), std::end(files), no_row);
  for (int64_t b = 0; b < n_blocks; ++b) {
    for (int row = 0; row < n_rows; ++row) {
      const uint8_t* file = files[row] = rows + static_cast<size_t>(row) * row_stride + b * F::bytes;
      // Sixteen rows in turns are more than the processor follows by itself.
      for (int i = 0; i < F::bytes; i += static_cast<int>(alignment))
        __builtin_prefetch(file + 2 * F::bytes + i);
      if constexpr (from_file)
        F::unpack_scales(file, block[row]);
      else
        F::unpack(file, block[row]);
      put_meta<F>(block[row], row, panel + L::meta_at(b));
      if constexpr (F::codes == Codes::grid)
        for (int chunk = 0; chunk < L::chunks; ++chunk)
          put_runs<F>(file, chunk, panel + L::codes_at(b) + chunk * CodeChunk<F>::bytes + row);
    }
    if constexpr (from_file)
      put_codes<F>(files, panel + L::codes_at(b));
    else if constexpr (F::codes != Codes::grid)
      put_codes<F>(block, panel + L::codes_at(b));
  }
}

/// Columns by columns, so that what the rows of some write in turns stays in the first cache.
template <class Number>
void pack_numbers(const uint8_t* rows, size_t row_stride, int n_rows, int64_t n_cols, uint8_t* panel) {
  constexpr int64_t at_once = 128;
  for (int64_t first = 0; first < n_cols; first += at_once)
    for (int row = 0; row < n_rows; ++row) {
      const uint8_t* from = rows + static_cast<size_t>(row) * row_stride;
      for (int64_t k = first; k < std::min(first + at_once, n_cols); ++k)
        std::memcpy(panel + (k * panel_rows + row) * static_cast<int64_t>(sizeof(Number)),
                    from + k * static_cast<int64_t>(sizeof(Number)), sizeof(Number));
    }
}

/// Of a panel: those of the last bundle of blocks, which may not be all written.
size_t last_bytes(TensorType type) {
  return !is_block_format(type) ? alignment : visit_format(type, []<class F>(F) {
    return static_cast<size_t>(PanelLayout<F>::bundle_bytes + alignment);
  });
}

}  // namespace

bool is_product_type(TensorType type) {
  return is_block_format(type) || type == TensorType::f32 || type == TensorType::f16 ||
         type == TensorType::bf16;
}

size_t panel_bytes(TensorType type, int64_t n_cols) {
  const size_t bytes = !is_block_format(type)
                           ? static_cast<size_t>(n_cols) * panel_rows * element_bytes(type)
                           : visit_format(type, [&]<class F>(F) {
                               return static_cast<size_t>(PanelLayout<F>::bytes(n_cols / F::block));
                             });
  return (bytes + alignment - 1) / alignment * alignment;
}

void pack_panel(TensorType type, const uint8_t* rows, size_t row_stride, int n_rows, int64_t n_cols,
                uint8_t* panel) {
  // Where there are no rows, and behind the last block, stand zeros.
  const size_t bytes = panel_bytes(type, n_cols);
  const size_t written = n_rows < panel_rows ? 0 : bytes - std::min(bytes, last_bytes(type));
  std::memset(panel + written, 0, bytes - written);
  if (is_block_format(type))
    return visit_format(
        type, [&]<class F>(F) { pack_blocks<F>(rows, row_stride, n_rows, n_cols / F::block, panel); });
  if (type == TensorType::f32)
    pack_numbers<uint32_t>(rows, row_stride, n_rows, n_cols, panel);
  else
    pack_numbers<uint16_t>(rows, row_stride, n_rows, n_cols, panel);
}

bool has_int16_form(TensorType type, int64_t n_cols) {
  return (type == TensorType::f16 || type == TensorType::bf16) && n_cols % Int16::block == 0;
}

size_t int16_panel_bytes(int64_t n_cols) {
  return static_cast<size_t>(PanelLayout<Int16>::bytes(n_cols / Int16::block));
}

void pack_int16_panel(TensorType type, const uint8_t* rows, size_t row_stride, int n_rows, int64_t n_cols,
                      uint8_t* panel) {
  using L = PanelLayout<Int16>;
  constexpr int block = Int16::block, row_bytes = block * 2;
  std::memset(panel, 0, int16_panel_bytes(n_cols));
  // Some blocks of all rows, so that what the rows write in turns stays in the first cache.
  for (int64_t first = 0; first < n_cols / block; first += L::bundle) {
    const int n_blocks = static_cast<int>(std::min<int64_t>(L::bundle, n_cols / block - first));
    for (int row = 0; row < n_rows; ++row) {
      uint16_t d[L::bundle];
      int16_t codes[L::bundle][block];
      const uint8_t* from = rows + static_cast<size_t>(row) * row_stride + first * row_bytes;
      kernels().int16_weights(type, from, n_blocks, d, codes[0]);
      for (int b = 0; b < n_blocks; ++b) {
        std::memcpy(panel + L::meta_at(first + b) + row * L::d_bytes, &d[b], L::d_bytes);
        uint8_t* out = panel + L::codes_at(first + b) + 4 * row;
        for (int i = 0; i < block; i += 2, out += vector_bytes) std::memcpy(out, &codes[b][i], 4);
      }
    }
  }
}

}  // namespace realizar::kernels
