#include "gpu/quantized_products.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/quotient.hpp"
#include "gpu/webgpu/kernel_sources.hpp"

namespace realizar::gpu {
namespace {

using webgpu::Access;
using webgpu::Binding;
using webgpu::panel_rows;
using webgpu::row_lanes;

/// Bytes of the planes of one panel.
struct PanelBytes {
  uint64_t wide, pairs, bits, meta;

  PanelBytes(const webgpu::WeightLayout& layout, int64_t n_cols) {
    const uint64_t rows = static_cast<uint64_t>(webgpu::steps_of(n_cols)) * panel_rows,
                   threads = rows * row_lanes;
    wide = threads * 16 * static_cast<uint64_t>(layout.wide_units());
    pairs = layout.has_pairs() ? threads * 8 : 0;
    bits = layout.has_bits() ? threads * 4 : 0;
    meta = rows * 4 * static_cast<uint64_t>(layout.meta_words());
  }
  uint64_t all() const { return wide + pairs + bits + meta; }
  uint64_t largest() const { return std::max({wide, pairs, bits, meta}); }
};

/// The arguments of product.wgsl.
struct ProductSizes {
  uint32_t n_rows, n_steps, n_tokens;
  View out;
  ProductEpilogue::Arguments epilogue;
  MatrixChoice::Arguments choice;
};

/// Groups of threads that share the steps of a row: by the shape of the weights alone, since the order of
/// sums depends on it. Short matrices need many to keep a GPU busy, and a thread at least two steps.
int splits_of(int64_t n_steps) { return n_steps >= 16 ? 8 : n_steps >= 8 ? 4 : n_steps >= 4 ? 2 : 1; }

/// Planes of so many panels one after the other in a buffer.
void place(GpuMatrix::Part& part, const PanelBytes& panel, uint64_t n_panels) {
  uint64_t at = 0;
  const auto plane = [&](uint64_t bytes) {
    const Binding binding{part.buffer.get(), at, bytes * n_panels};
    at += bytes * n_panels;
    return binding;
  };
  part.wide = plane(panel.wide);
  part.pairs = plane(panel.pairs);
  part.bits = plane(panel.bits);
  part.meta = plane(panel.meta);
  // Kernels do not touch a plane that the layout lacks, but something must be bound.
  for (Binding* const binding : {&part.wide, &part.pairs, &part.bits})
    if (binding->bytes == 0) *binding = part.meta;
}

void send(const webgpu::Device& device, const Binding& plane, uint64_t offset,
          const std::vector<uint32_t>& words) {
  if (!words.empty()) device.write(plane.buffer, plane.offset + offset, std::as_bytes(std::span(words)));
}

}  // namespace

GpuMatrix::GpuMatrix(const webgpu::Device& device, GpuBufferPool& pool, kernels::TensorType type,
                     std::span<const std::byte> file, int64_t n_rows, int64_t n_cols, uint64_t plane_bytes)
    : type_(type), layout_(webgpu::WeightLayout::of(type)), n_rows_(n_rows), n_cols_(n_cols) {
  constexpr uint64_t sent_bytes = 16 << 20;  // about so many are packed before they are sent
  const PanelBytes panel(layout_, n_cols);
  plane_bytes = std::min(plane_bytes, device.limits().maxStorageBufferBindingSize);
  const auto most_panels = static_cast<int64_t>(
      std::min(plane_bytes / panel.largest(), device.limits().maxBufferSize / panel.all()));
  require(most_panels > 0, ErrorKind::limit_exceeded, "rows of ", n_cols,
          " columns are too long for the GPU ", device.gpu().name);
  const int64_t n_panels = quotient_up(n_rows, panel_rows);
  for (int64_t first = 0; first < n_panels; first += most_panels) {
    const int64_t in_part = std::min(most_panels, n_panels - first);
    Part part{
        first * panel_rows, std::min(in_part * panel_rows, n_rows - first * panel_rows), {}, {}, {}, {}, {}};
    part.buffer = pool.acquire(panel.all() * static_cast<uint64_t>(in_part), webgpu::BufferUse::weights);
    place(part, panel, static_cast<uint64_t>(in_part));
    const auto at_once = static_cast<int64_t>(std::max<uint64_t>(1, sent_bytes / panel.all()));
    for (int64_t done = 0; done < in_part; done += at_once) {
      const webgpu::PackedPanels packed =
          webgpu::pack_panels(type, file, n_rows, n_cols, first + done, std::min(at_once, in_part - done));
      const auto before = static_cast<uint64_t>(done);
      send(device, part.wide, before * panel.wide, packed.wide);
      send(device, part.pairs, before * panel.pairs, packed.pairs);
      send(device, part.bits, before * panel.bits, packed.bits);
      send(device, part.meta, before * panel.meta, packed.meta);
    }
    parts_.push_back(std::move(part));
  }
}

uint64_t GpuMatrix::bytes() const {
  uint64_t bytes = 0;
  for (const Part& part : parts_) bytes += part.buffer.bytes();
  return bytes;
}

QuantizedProducts::QuantizedProducts(std::shared_ptr<const webgpu::Device> device, GpuBufferPool& pool,
                                     IntegerDot integer_dot)
    : device_(std::move(device)),
      pool_(pool),
      has_integer_dot_(integer_dot == IntegerDot::where_there && device_->gpu().has_integer_dot),
      kernels_(*device_) {}

GpuTokens QuantizedProducts::room(int64_t n_tokens, int64_t n_cols, int block, int n_heads) {
  const auto n_chunks = static_cast<uint64_t>(n_tokens * n_heads * webgpu::steps_of(n_cols) * row_lanes);
  return {
      n_tokens, n_cols, block, pool_.acquire(n_chunks * webgpu::chunk_columns), pool_.acquire(n_chunks * 8),
      n_heads};
}

GpuTokens QuantizedProducts::quantize(webgpu::Recording& recording, const Binding& numbers, View x,
                                      int64_t n_tokens, int64_t n_cols, int block, Heads heads) {
  require(block == 32 || block == 256, ErrorKind::invalid_argument, "tokens in blocks of ", block,
          " columns: there are 32 and 256");
  GpuTokens tokens = room(n_tokens, n_cols, block, heads.count);
  const int64_t n_steps = webgpu::steps_of(n_cols);
  struct {
    View x;
    uint32_t n_cols, n_steps, head_stride;
  } const sizes{x, static_cast<uint32_t>(n_cols), static_cast<uint32_t>(n_steps), heads.stride};
  const std::string constants = concat("const block = ", block, "u;\nconst steps_at_once = 1u;\n");
  std::string text;
  const webgpu::Kernel& kernel = kernels_.get(concat("quantize ", block), [&] {
    text = concat(constants, webgpu::kernel_source("quantize_step"), webgpu::kernel_source("quantize"));
    return webgpu::KernelSource{.name = "quantize",
                                .source = text,
                                .bindings = {Access::read, Access::write, Access::write},
                                .argument_bytes = sizeof(sizes)};
  });
  recording.dispatch(
      kernel, {numbers, tokens.codes.binding(), tokens.chunks.binding()}, sizes,
      {static_cast<uint32_t>(n_steps), static_cast<uint32_t>(n_tokens), static_cast<uint32_t>(heads.count)});
  return tokens;
}

const webgpu::Kernel& QuantizedProducts::product_kernel(const GpuMatrix& weights, int tokens,
                                                        const ProductEpilogue& epilogue,
                                                        const MatrixChoice& choice, bool own_inputs) {
  const int splits = splits_of(webgpu::steps_of(weights.n_cols()));
  std::string text;
  return kernels_.get(
      concat(kernels::info(weights.type()).name, " ", tokens, " ", splits, " ", epilogue.key(), " ",
             choice.key(own_inputs)),
      [&] {
        text = concat(weights.layout().constants(), "const tokens = ", tokens, "u;\nconst splits = ", splits,
                      "u;\n", epilogue.text(), choice.text(own_inputs),
                      webgpu::kernel_source(has_integer_dot_ ? "dot4" : "dot4_plain"),
                      webgpu::kernel_source("product"));
        return webgpu::KernelSource{.name = "product",
                                    .source = text,
                                    .bindings = {Access::read, Access::read, Access::read, Access::read,
                                                 Access::read, Access::read, Access::write, Access::read},
                                    .argument_bytes = sizeof(ProductSizes)};
      });
}

void QuantizedProducts::multiply(webgpu::Recording& recording, const GpuTokens& tokens,
                                 const GpuMatrix& weights, const Binding& numbers, View out,
                                 const ProductEpilogue& epilogue, const MatrixChoice& choice) {
  require(tokens.n_cols == weights.n_cols() && tokens.block == weights.layout().block,
          ErrorKind::invalid_argument, "weights of ", weights.n_cols(), " columns in blocks of ",
          weights.layout().block, " were given tokens of ", tokens.n_cols, " in blocks of ", tokens.block);
  require(tokens.n_heads == 1 || tokens.n_heads == choice.count, ErrorKind::invalid_argument, tokens.n_heads,
          " inputs of a token were given to ", choice.count, " matrices");
  if (tokens.n_tokens == 0) return;
  const bool is_one = choice.kind == MatrixChoice::Kind::one;
  const int at_once = choice.tokens_at_once(tokens.n_tokens);
  const webgpu::Kernel& kernel = product_kernel(weights, at_once, epilogue, choice, tokens.n_heads > 1);
  for (const GpuMatrix::Part& part : weights.parts()) {
    // Results of several matrices count from the first row of each.
    const int64_t n_rows = is_one ? part.n_rows : choice.n_rows, first_row = is_one ? part.first_row : 0;
    const ProductSizes sizes{static_cast<uint32_t>(n_rows),
                             static_cast<uint32_t>(webgpu::steps_of(weights.n_cols())),
                             static_cast<uint32_t>(tokens.n_tokens),
                             {out.at + static_cast<uint32_t>(first_row), out.stride},
                             epilogue.arguments(static_cast<uint32_t>(first_row)),
                             choice.arguments(part.first_row, part.n_rows)};
    recording.dispatch(
        kernel,
        {part.wide, part.pairs, part.bits, part.meta, tokens.codes.binding(), tokens.chunks.binding(),
         numbers, epilogue.vectors.buffer ? epilogue.vectors : part.meta},
        sizes, choice.groups(n_rows, tokens.n_tokens));
  }
}

}  // namespace realizar::gpu
