#include "gpu/webgpu/weight_layout.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "kernels/formats.hpp"

namespace realizar::gpu::webgpu {
namespace {

using kernels::Codes;
using kernels::ScaleType;
using kernels::UnpackedBlock;

template <class F>
constexpr bool has_layout = F::codes != Codes::grid&& F::scale_type == ScaleType::f16 &&
                            ((F::block == 32 && F::d_span == 32) || (F::block == 256 && F::d_span == 256));

/// Codes of a chunk and where they go: thread by thread, so `at` counts threads of a panel's steps.
struct Planes {
  PackedPanels& out;
  int code_bits;

  /// Four codes from `code` on, in the bytes of a word, each cut down to its bits [from, from + bits).
  static uint32_t spread(const uint8_t* code, int from, int bits) {
    uint32_t word = 0;
    for (int i = 0; i < 4; ++i)
      word |= (static_cast<uint32_t>(code[i] >> from) & ((1u << bits) - 1)) << (8 * i);
    return word;
  }

  /// `at`: the thread's index over (panels, steps, 64 threads).
  void put(const uint8_t* code, size_t at) const {
    const size_t step = at / 64, thread = at % 64;
    for (size_t j = 0; j < 4; ++j) {
      const uint8_t *const first = code + 4 * j, *const second = code + 16 + 4 * j;
      const auto shift = static_cast<int>(j);
      if (code_bits == 8) {
        out.wide[((step * 2 + 0) * 64 + thread) * 4 + j] = spread(first, 0, 8);
        out.wide[((step * 2 + 1) * 64 + thread) * 4 + j] = spread(second, 0, 8);
      } else if (code_bits >= 4) {
        out.wide[at * 4 + j] = spread(first, 0, 4) | spread(second, 0, 4) << 4;
      }
      if (!out.pairs.empty()) {
        const int from = code_bits == 6 ? 4 : 0;
        out.pairs[at * 2] |= spread(first, from, 2) << (2 * shift);
        out.pairs[at * 2 + 1] |= spread(second, from, 2) << (2 * shift);
      }
      if (!out.bits.empty())
        out.bits[at] |= spread(first, code_bits - 1, 1) << shift | spread(second, code_bits - 1, 1)
                                                                       << (shift + 4);
    }
  }
};

/// Packs one row: `at_row` counts rows over (panels, steps, 8 rows) in its first step, steps are 8 rows
/// apart.
template <class F>
void pack_row(const WeightLayout& layout, const uint8_t* file, int64_t n_cols, size_t at_row,
              PackedPanels& out) {
  const Planes planes{out, layout.code_bits};
  const auto meta_words = static_cast<size_t>(layout.meta_words());
  UnpackedBlock<F> block;
  for (int64_t column = 0; column < n_cols; column += F::block, file += F::bytes) {
    F::unpack(file, block);
    if constexpr (F::code_bits == 8)  // signed bytes: the top bit flipped
      for (uint8_t& code : block.code) code ^= 128;
    const size_t row = at_row + static_cast<size_t>(column / step_columns) * panel_rows;
    uint32_t* const meta = out.meta.data() + row * meta_words;
    const uint32_t d = block.d_bits[0], dmin = F::has_min ? block.dmin_bits : 0;
    const auto first_chunk = static_cast<size_t>(column % step_columns / chunk_columns);
    if constexpr (F::block == 256)
      meta[0] = d | dmin << 16;
    else if constexpr (F::has_min)
      meta[first_chunk] = d | dmin << 16;
    else
      meta[first_chunk / 2] |= d << (first_chunk % 2 * 16);
    for (size_t chunk = 0; chunk < F::block / chunk_columns; ++chunk)
      planes.put(block.code + chunk * chunk_columns, row * row_lanes + first_chunk + chunk);
    if constexpr (F::scale_bits > 0) {
      constexpr size_t groups = F::block / F::group, per_chunk = groups / row_lanes;
      const auto put = [&](size_t byte, int value) {
        meta[1 + byte / 4] |= static_cast<uint32_t>(static_cast<uint8_t>(value)) << (byte % 4 * 8);
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

bool WeightLayout::has(TensorType type) {
  if (!kernels::is_block_format(type)) return false;
  return kernels::visit_format(type, [](auto format) { return has_layout<decltype(format)>; });
}

WeightLayout WeightLayout::of(TensorType type) {
  require(has(type), ErrorKind::unsupported, "weights of type ", kernels::info(type).name,
          " cannot be multiplied on a GPU yet");
  return kernels::visit_format(type, [](auto format) {
    using F = decltype(format);
    WeightLayout layout{};
    layout.code_bits = F::code_bits;
    layout.offset = F::codes == Codes::offset && F::code_bits < 8 ? F::offset : 0;
    layout.block = F::block;
    layout.groups_per_chunk = F::group < chunk_columns ? chunk_columns / F::group : 1;
    layout.has_scales = F::scale_bits > 0;
    layout.has_min = F::has_min;
    if constexpr (F::codes == Codes::table) {
      layout.has_table = true;
      std::copy_n(F::table, 16, layout.table.begin());
    }
    layout.d_factor = F::d_factor;
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
                ";\nconst has_table = ", boolean(has_table), ";\nconst table = array<u32, 4>(", words,
                ");\nconst d_factor = f32(", d_factor, ");\nconst scale_bytes = ", scale_bytes(),
                "u;\nconst meta_words = ", meta_words(), "u;\n");
}

PackedPanels pack_panels(TensorType type, std::span<const std::byte> file, int64_t n_rows, int64_t n_cols,
                         int64_t first_panel, int64_t n_panels) {
  const WeightLayout layout = WeightLayout::of(type);
  const kernels::TensorTypeInfo& info = kernels::info(type);
  require(n_rows > 0 && n_cols > 0 && n_cols % info.block == 0, ErrorKind::invalid_argument, "a matrix of (",
          n_rows, ", ", n_cols, ") weights cannot be of type ", info.name);
  const int64_t row_bytes = n_cols / info.block * info.bytes;
  require(file.size() == static_cast<size_t>(n_rows * row_bytes), ErrorKind::invalid_argument,
          "a matrix of (", n_rows, ", ", n_cols, ") weights of type ", info.name, " does not have ",
          file.size(), " bytes");
  const auto n_steps = static_cast<size_t>(steps_of(n_cols)),
             rows = static_cast<size_t>(n_panels) * n_steps * panel_rows, threads = rows * row_lanes;
  PackedPanels out;
  out.wide.resize(threads * 4 * static_cast<size_t>(layout.wide_units()));
  out.pairs.resize(layout.has_pairs() ? threads * 2 : 0);
  out.bits.resize(layout.has_bits() ? threads : 0);
  out.meta.resize(rows * static_cast<size_t>(layout.meta_words()));
  kernels::visit_format(type, [&](auto format) {
    using F = decltype(format);
    if constexpr (has_layout<F>) {
      const int64_t first_row = first_panel * panel_rows;
      for (int64_t row = 0; row < std::min(n_panels * panel_rows, n_rows - first_row); ++row) {
        const size_t panel = static_cast<size_t>(row / panel_rows),
                     in_panel = static_cast<size_t>(row % panel_rows);
        pack_row<F>(layout, reinterpret_cast<const uint8_t*>(file.data()) + (first_row + row) * row_bytes,
                    n_cols, panel * n_steps * panel_rows + in_panel, out);
      }
    }
  });
  return out;
}

}  // namespace realizar::gpu::webgpu
