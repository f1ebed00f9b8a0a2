#include "gpu/plan/gpu_dense_matrix.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "kernels/dequantize.hpp"

namespace realizar::gpu {

using kernels::TensorType;

namespace {

constexpr int64_t unit_bytes = 16;

}  // namespace

bool GpuDenseMatrix::has(TensorType type) {
  return type == TensorType::f32 || type == TensorType::f16 || type == TensorType::bf16;
}

GpuDenseMatrix::GpuDenseMatrix(WeightSender& sender, GpuBufferPool& pool, TensorType type,
                               std::span<const std::byte> file, int64_t n_rows, int64_t n_cols)
    : type_(has(type) ? type : TensorType::f32), n_rows_(n_rows), n_cols_(n_cols) {
  const kernels::TensorTypeInfo& info = kernels::info(type);
  require(n_rows > 0 && n_cols > 0 && n_cols % info.block == 0, ErrorKind::invalid_argument, "a matrix of (",
          n_rows, ", ", n_cols, ") weights cannot be of type ", info.name);
  const int64_t file_row = n_cols / info.block * info.bytes;
  require(static_cast<int64_t>(file.size()) == n_rows * file_row, ErrorKind::invalid_argument, "(", n_rows,
          ", ", n_cols, ") weights of type ", info.name, " do not have ", file.size(), " bytes");
  const int64_t row_bytes = n_cols * kernels::info(type_).bytes;
  row_units_ = (row_bytes + unit_bytes - 1) / unit_bytes;
  const int64_t padded = row_units_ * unit_bytes;
  const webgpu::Device& device = sender.device();
  const auto most_bytes = static_cast<int64_t>(
      std::min(device.limits().maxStorageBufferBindingSize, device.limits().maxBufferSize));
  require(padded <= most_bytes, ErrorKind::limit_exceeded, "rows of ", n_cols,
          " columns are too long for the GPU ", device.gpu().name);
  const int64_t most_rows = most_bytes / padded;
  for (int64_t first = 0; first < n_rows; first += most_rows) {
    const int64_t in_part = std::min(most_rows, n_rows - first);
    Part part{first, in_part,
              pool.acquire(static_cast<uint64_t>(in_part * padded), webgpu::BufferUse::weights)};
    const WeightSender::Plane rows{part.buffer.get(), 0, static_cast<uint64_t>(padded)};
    sender.send({&rows, 1}, in_part, [&](int64_t i, std::span<std::byte> room) {
      const std::byte* const row = file.data() + (first + i) * file_row;
      if (type_ == type)
        std::memcpy(room.data(), row, static_cast<size_t>(row_bytes));
      else
        kernels::dequantize(type, reinterpret_cast<const uint8_t*>(row), static_cast<size_t>(n_cols),
                            reinterpret_cast<float*>(room.data()));
    });
    parts_.push_back(std::move(part));
  }
}

uint64_t GpuDenseMatrix::bytes() const {
  uint64_t bytes = 0;
  for (const Part& part : parts_) bytes += part.buffer.bytes();
  return bytes;
}

}  // namespace realizar::gpu
