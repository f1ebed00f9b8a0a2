#include "gpu/plan/embed_recorder.hpp"

#include <algorithm>

namespace realizar::gpu {

using webgpu::Access;
using webgpu::Binding;

namespace {

/// By the kind of the table.
struct RecordEmbed {
  BatchRecording& batch;
  const fusion::Embed& op;

  void operator()(const GpuMatrix& table) const {
    constexpr int64_t rows = webgpu::panel_rows;
    const std::string constants = table.layout().constants();
    const webgpu::Kernel& kernel = this->kernel(constants, {"weights", "block_rows"}, 4);
    for (const GpuMatrix::Part& part : table.parts())
      dispatch(kernel, table.n_cols(), webgpu::steps_of(table.n_cols()), part.first_panel * rows,
               std::min(table.n_rows() - part.first_panel * rows, part.n_panels * rows),
               {part.wide, part.pairs, part.bits, part.scales});
  }

  void operator()(const GpuDenseMatrix& table) const {
    const webgpu::Kernel& kernel =
        this->kernel(constant("number", table.number()), {"dense_number", "dense_rows"}, 1);
    for (const GpuDenseMatrix::Part& part : table.parts())
      dispatch(kernel, table.n_cols(), table.row_units(), part.first_row, part.n_rows,
               {part.buffer.binding()});
  }

  const webgpu::Kernel& kernel(const std::string& constants, std::initializer_list<const char*> texts,
                               size_t n_planes) const {
    std::vector<Access> bindings(3 + n_planes, Access::read);
    bindings[0] = Access::write;
    return batch.kernel("embed " + constants, "embed", constants, texts, bindings, sizeof(Arguments));
  }

  struct Arguments {
    View out;
    uint32_t n_cols, row_stride, first_row, n_rows, tokens_at;
    float factor;
  };

  void dispatch(const webgpu::Kernel& kernel, int64_t n_cols, int64_t row_stride, int64_t first_row,
                int64_t n_rows, std::initializer_list<Binding> planes) const {
    const Arguments arguments{batch.view(op.out),
                              static_cast<uint32_t>(n_cols),
                              static_cast<uint32_t>(row_stride),
                              static_cast<uint32_t>(first_row),
                              static_cast<uint32_t>(n_rows),
                              batch.memory.buffers.tokens_at(),
                              op.scale};
    std::vector<Binding> bindings = {batch.activations(), batch.memory.buffers.batch(), batch.memory.chosen};
    bindings.insert(bindings.end(), planes);
    batch.recorded.dispatch(kernel, bindings, std::as_bytes(std::span(&arguments, 1)), batch.threads(n_cols));
  }
};

}  // namespace

void record_embed(BatchRecording& batch, const fusion::Embed& op) {
  std::visit(RecordEmbed{batch, op}, batch.memory.weights.matrix(op.table));
}

}  // namespace realizar::gpu
