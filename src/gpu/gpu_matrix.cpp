#include "gpu/gpu_matrix.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/quotient.hpp"

namespace realizar::gpu {
namespace {

using webgpu::Binding;
using webgpu::panel_rows;
using webgpu::PanelBytes;

constexpr uint64_t plane_alignment = 256;  // of bindings

/// Planes of so many panels one after the other in a buffer.
void place(GpuMatrix::Part& part, const PanelBytes& panel, uint64_t n_panels) {
  uint64_t at = 0;
  const auto plane = [&](uint64_t bytes) {
    const Binding binding{part.buffer.get(), at, bytes * n_panels};
    at = quotient_up(at + bytes * n_panels, plane_alignment) * plane_alignment;
    return binding;
  };
  part.wide = plane(panel.wide);
  part.pairs = plane(panel.pairs);
  part.bits = plane(panel.bits);
  part.scales = plane(panel.scales);
  // Kernels do not touch a plane that the layout lacks, but something must be bound.
  for (Binding* const binding : {&part.wide, &part.pairs, &part.bits})
    if (binding->bytes == 0) *binding = part.scales;
}

int64_t panels_of(int64_t n_rows) { return quotient_up(n_rows, int64_t{panel_rows}); }

}  // namespace

void GpuMatrix::check_sources() const {
  const kernels::TensorTypeInfo& info = kernels::info(type_);
  for (const MatrixRows& source : sources_) {
    require(source.n_rows > 0 && source.n_matrices > 0 && n_cols_ > 0 && n_cols_ % info.block == 0,
            ErrorKind::invalid_argument, "a matrix of (", source.n_rows, ", ", n_cols_,
            ") weights cannot be of type ", info.name);
    const int64_t bytes = source.n_rows * source.n_matrices * (n_cols_ / info.block) * info.bytes;
    require(source.file.size() == static_cast<size_t>(bytes), ErrorKind::invalid_argument, source.n_matrices,
            " matrices of (", source.n_rows, ", ", n_cols_, ") weights of type ", info.name, " do not have ",
            source.file.size(), " bytes");
    const bool is_joined = arrangement_ == Arrangement::one_after_other && sources_.size() > 1;
    require(!is_joined ||
                (source.n_matrices == 1 && (&source == &sources_.back() || source.n_rows % panel_rows == 0)),
            ErrorKind::invalid_argument, source.n_rows, " rows that others follow do not fill panels of ",
            panel_rows);
    require(arrangement_ != Arrangement::by_turns ||
                (sources_.size() == 2 && source.n_rows == sources_[0].n_rows &&
                 source.n_matrices == sources_[0].n_matrices),
            ErrorKind::invalid_argument, "two matrices by turns must have one shape");
  }
}

GpuMatrix::PanelRows GpuMatrix::rows_of(int64_t panel) const {
  const MatrixRows* source = &sources_[0];
  if (arrangement_ == Arrangement::by_turns) {
    source = &sources_[static_cast<size_t>(panel % 2)];
    panel /= 2;
  } else {
    for (; panel >= source->n_matrices * panels_of(source->n_rows); ++source)
      panel -= source->n_matrices * panels_of(source->n_rows);
  }
  const int64_t in_matrix = panels_of(source->n_rows), matrix = panel / in_matrix,
                row = panel % in_matrix * panel_rows;
  const int64_t row_bytes = static_cast<int64_t>(source->file.size()) / (source->n_rows * source->n_matrices);
  return {source->file.data() + (matrix * source->n_rows + row) * row_bytes,
          std::min<int64_t>(panel_rows, source->n_rows - row)};
}

GpuMatrix::GpuMatrix(WeightSender& sender, GpuBufferPool& pool, kernels::TensorType type, int64_t n_cols,
                     std::vector<MatrixRows> sources, Arrangement arrangement, uint64_t plane_bytes)
    : type_(type),
      layout_(webgpu::WeightLayout::of(type)),
      n_cols_(n_cols),
      sources_(std::move(sources)),
      arrangement_(arrangement) {
  check_sources();
  const webgpu::Device& device = sender.device();
  const PanelBytes panel(layout_, n_cols);
  const int64_t turns = by_turns() ? 2 : 1;
  plane_bytes = std::min(plane_bytes, device.limits().maxStorageBufferBindingSize);
  const auto most_panels = static_cast<int64_t>(std::min(
                               plane_bytes / std::max({panel.wide, panel.pairs, panel.bits, panel.scales}),
                               (device.limits().maxBufferSize - 4 * plane_alignment) / panel.all())) /
                           turns * turns;
  require(most_panels > 0, ErrorKind::limit_exceeded, "rows of ", n_cols,
          " columns are too long for the GPU ", device.gpu().name);
  int64_t n_panels = 0;
  for (const MatrixRows& source : sources_) {
    n_panels += source.n_matrices * panels_of(source.n_rows);
    if (!by_turns()) n_rows_ += source.n_rows;
  }
  if (by_turns()) n_rows_ = sources_[0].n_rows;
  for (int64_t first = 0; first < n_panels; first += most_panels) {
    const int64_t in_part = std::min(most_panels, n_panels - first);
    Part part{first / turns, in_part / turns, {}, {}, {}, {}, {}};
    part.buffer = pool.acquire(panel.all() * static_cast<uint64_t>(in_part) + 3 * plane_alignment,
                               webgpu::BufferUse::weights);
    place(part, panel, static_cast<uint64_t>(in_part));
    std::vector<WeightSender::Plane> planes;
    for (const auto& [plane, bytes] :
         {std::pair(part.wide, panel.wide), std::pair(part.pairs, panel.pairs),
          std::pair(part.bits, panel.bits), std::pair(part.scales, panel.scales)})
      if (bytes > 0) planes.push_back({plane.buffer, plane.offset, bytes});
    sender.send(planes, in_part, [&](int64_t i, std::span<std::byte> room) {
      const PanelRows rows = rows_of(first + i);
      webgpu::pack_panel(type, rows.rows, rows.n_rows, n_cols, room);
    });
    parts_.push_back(std::move(part));
  }
  sources_.clear();
}

uint64_t GpuMatrix::bytes() const {
  uint64_t bytes = 0;
  for (const Part& part : parts_) bytes += part.buffer.bytes();
  return bytes;
}

}  // namespace realizar::gpu
