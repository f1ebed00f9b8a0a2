#include "gpu/webgpu/weight_layout.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/bit_cast.hpp"
#include "base/error.hpp"
#include "kernels/formats.hpp"

namespace realizar::gpu::webgpu {
namespace {

using kernels::Codes;
using kernels::ScaleType;
using kernels::UnpackedBlock;

/// Half of a chunk has a d of its own.
template <class F>
constexpr bool halves_have_d = F::d_span == chunk_columns / 2;

/// Columns whose products are one sum of integers, or two.
template <class F>
constexpr int sum_block = halves_have_d<F> ? chunk_columns : F::d_span;

template <class F>
constexpr bool is_grid = F::codes == Codes::grid;

/// The weights that a grid has, and where each of the 256 bytes stands among them.
struct GridTable {
  std::array<int8_t, 16> weights{};
  std::array<uint8_t, 256> index{};

  template <class F>
  static const GridTable& of() {
    static const GridTable table(F::grid(), (size_t{1} << F::index_bits) * 8 / F::indices, F::sign_bits > 0);
    return table;
  }

 private:
  GridTable(const int8_t* grid, size_t n, bool has_signs) {
    std::set<int> all;
    for (size_t i = 0; i < n; ++i) {
      all.insert(grid[i]);
      if (has_signs) all.insert(-grid[i]);
    }
    require(all.size() <= weights.size(), ErrorKind::internal, "a grid of ", all.size(),
            " different weights");
    size_t i = 0;
    for (const int weight : all) {
      weights[i] = static_cast<int8_t>(weight);
      index[static_cast<uint8_t>(weight)] = static_cast<uint8_t>(i++);
    }
  }
};

/// The words of a panel.
struct Planes {
  std::span<uint32_t> wide, pairs, bits, scales;
  int code_bits;

  Planes(const WeightLayout& layout, int64_t n_cols, std::span<std::byte> panel)
      : code_bits(layout.code_bits) {
    const PanelBytes bytes(layout, n_cols);
    auto* word = reinterpret_cast<uint32_t*>(panel.data());
    const auto plane = [&](uint64_t plane_bytes) {
      const std::span words(word, plane_bytes / sizeof(uint32_t));
      word += words.size();
      return words;
    };
    wide = plane(bytes.wide);
    pairs = plane(bytes.pairs);
    this->bits = plane(bytes.bits);
    scales = plane(bytes.scales);
  }

  /// Four codes from `code` on, in the bytes of a word, each cut down to its bits [from, from + bits).
  static uint32_t spread(const uint8_t* code, int from, int bits) {
    uint32_t four;
    std::memcpy(&four, code, sizeof(four));
    return four >> from & ((1u << bits) - 1) * 0x01010101u;
  }

  /// The codes of a chunk.
  void put(const uint8_t* code, size_t step, size_t chunk, size_t row) const {
    constexpr size_t rows = panel_rows;
    for (size_t j = 0; j < 4; ++j) {
      const uint8_t *const first = code + 4 * j, *const second = code + 16 + 4 * j;
      const auto shift = static_cast<int>(j);
      if (code_bits == 8) {
        const size_t unit = (step * step_chunks + chunk) * 2 * rows + row;
        wide[unit * 4 + j] = spread(first, 0, 8);
        wide[(unit + rows) * 4 + j] = spread(second, 0, 8);
      } else if (code_bits >= 4) {
        wide[((step * step_chunks + chunk) * rows + row) * 4 + j] = spread(first, 0, 4) | spread(second, 0, 4)
                                                                                              << 4;
      }
      if (!pairs.empty()) {
        const int from = code_bits == 6 ? 4 : 0;
        uint32_t* const two =
            &pairs[((step * (step_chunks / 2) + chunk / 2) * rows + row) * 4 + chunk % 2 * 2];
        two[0] |= spread(first, from, 2) << (2 * shift);
        two[1] |= spread(second, from, 2) << (2 * shift);
      }
      if (!bits.empty())
        bits[((step * (step_chunks / 4) + chunk / 4) * rows + row) * 4 + chunk % 4] |=
            spread(first, code_bits - 1, 1) << shift | spread(second, code_bits - 1, 1) << (shift + 4);
    }
  }
};

/// Packs one row of a panel.
template <class F>
void pack_row(const WeightLayout& layout, const uint8_t* file, int64_t n_cols, size_t row,
              const Planes& planes) {
  const auto scale_words = static_cast<size_t>(layout.scale_words());
  UnpackedBlock<F> block;
  for (int64_t column = 0; column < n_cols; column += F::block, file += F::bytes) {
    F::unpack(file, block);
    if constexpr (is_grid<F>)
      for (uint8_t& code : block.code) code = GridTable::of<F>().index[code];
    else if constexpr (F::code_bits == 8)  // signed bytes: the top bit flipped
      for (uint8_t& code : block.code) code ^= 128;
    const auto step = static_cast<size_t>(column / step_columns);
    const auto scale_word = [&](size_t word) -> uint32_t& {
      return planes.scales[(step * scale_words + word) * panel_rows + row];
    };
    const uint32_t d = block.d_bits[0], dmin = F::has_min ? block.dmin_bits : 0;
    const auto first_chunk = static_cast<size_t>(column % step_columns / chunk_columns);
    if constexpr (F::block == 256)
      scale_word(0) = d | dmin << 16;
    else if constexpr (halves_have_d<F>)
      for (size_t i = 0; i < F::block / F::d_span; ++i)
        scale_word(first_chunk + i / 2) |= uint32_t{kernels::f32_to_f16(kernels::d_value<F>(block.d_bits[i]))}
                                           << (i % 2 * 16);
    else if constexpr (F::scale_type != ScaleType::f16)
      scale_word(first_chunk) = bit_cast<uint32_t>(kernels::d_value<F>(block.d_bits[0]));
    else if constexpr (F::has_min)
      scale_word(first_chunk) = d | dmin << 16;
    else
      scale_word(first_chunk / 2) |= d << (first_chunk % 2 * 16);
    for (size_t chunk = 0; chunk < F::block / chunk_columns; ++chunk)
      planes.put(block.code + chunk * chunk_columns, step, first_chunk + chunk, row);
    if constexpr (F::scale_bits > 0) {
      constexpr size_t groups = F::block / F::group, per_chunk = groups / step_chunks;
      const auto put = [&](size_t byte, int value) {
        scale_word(1 + byte / 4) |= static_cast<uint32_t>(static_cast<uint8_t>(value)) << (byte % 4 * 8);
      };
      for (size_t i = 0; i < groups; ++i) {
        const size_t byte = i / per_chunk * static_cast<size_t>(layout.scale_bytes()) + i % per_chunk;
        put(byte, kernels::scale_value<F>(block.scale[i]));
        if constexpr (F::has_min) put(byte + per_chunk, block.min[i]);
      }
    }
  }
}

}  // namespace

bool WeightLayout::has(TensorType type) { return kernels::is_block_format(type); }

WeightLayout WeightLayout::of(TensorType type) {
  require(has(type), ErrorKind::unsupported, "weights of type ", kernels::info(type).name,
          " cannot be multiplied on a GPU yet");
  return kernels::visit_format(type, [](auto format) {
    using F = decltype(format);
    WeightLayout layout{};
    layout.code_bits = is_grid<F> ? 4 : F::code_bits;
    layout.offset = F::codes == Codes::offset && F::code_bits < 8 ? F::offset : 0;
    static_assert(sum_block<F> == chunk_columns || sum_block<F> == step_columns);
    layout.block = sum_block<F>;
    layout.groups_per_chunk = F::group < chunk_columns ? chunk_columns / F::group : 1;
    layout.has_scales = F::scale_bits > 0;
    layout.has_min = F::has_min;
    if constexpr (F::codes == Codes::table) {
      layout.has_table = true;
      std::copy_n(F::table, 16, layout.table.begin());
    }
    if constexpr (is_grid<F>) {
      layout.has_table = true;
      layout.table = GridTable::of<F>().weights;
    }
    // Four bits of exponent and three of mantissa are within those of f16.
    layout.d_in_f32 = F::scale_type == ScaleType::e8m0;
    layout.has_two_d = halves_have_d<F>;
    layout.d_factor = F::scale_type == ScaleType::f16 ? F::d_factor : 1;
    return layout;
  });
}

std::string WeightLayout::constants() const {
  std::string words;
  for (size_t i = 0; i < 4; ++i) {
    uint32_t word = 0;
    for (size_t j = 0; j < 4; ++j)
      word |= static_cast<uint32_t>(static_cast<uint8_t>(table[4 * i + j])) << (8 * j);
    words += concat(i ? ", " : "", word, "u");
  }
  const auto boolean = [](bool value) { return value ? "true" : "false"; };
  return concat("const code_bits = ", code_bits, "u;\nconst code_offset = ", offset,
                ";\nconst block = ", block, "u;\nconst groups_per_chunk = ", groups_per_chunk,
                "u;\nconst has_scales = ", boolean(has_scales), ";\nconst has_min = ", boolean(has_min),
                ";\nconst d_in_f32 = ", boolean(d_in_f32), ";\nconst has_two_d = ", boolean(has_two_d),
                ";\nconst has_table = ", boolean(has_table), ";\nconst table = array<u32, 4>(", words,
                ");\nconst d_factor = f32(", d_factor, ");\nconst scale_bytes = ", scale_bytes(),
                "u;\nconst scale_words = ", scale_words(),
                "u;\nconst chunks_per_word = ", step_chunks / chunk_words(), "u;\n");
}

PanelBytes::PanelBytes(const WeightLayout& layout, int64_t n_cols) {
  const uint64_t rows = static_cast<uint64_t>(steps_of(n_cols)) * panel_rows, chunks = rows * step_chunks;
  wide = chunks * 16 * static_cast<uint64_t>(layout.wide_units());
  pairs = layout.has_pairs() ? chunks * 8 : 0;
  bits = layout.has_bits() ? chunks * 4 : 0;
  scales = rows * 4 * static_cast<uint64_t>(layout.scale_words());
}

void pack_panel(TensorType type, const std::byte* rows, int64_t n_rows, int64_t n_cols,
                std::span<std::byte> panel) {
  const WeightLayout layout = WeightLayout::of(type);
  const Planes planes(layout, n_cols, panel);
  const kernels::TensorTypeInfo& info = kernels::info(type);
  const int64_t row_bytes = n_cols / info.block * info.bytes;
  kernels::visit_format(type, [&](auto format) {
    for (int64_t row = 0; row < n_rows; ++row)
      pack_row<decltype(format)>(layout, reinterpret_cast<const uint8_t*>(rows) + row * row_bytes, n_cols,
                                 static_cast<size_t>(row), planes);
  });
}

}  // namespace realizar::gpu::webgpu
