#include "gpu/quantized_products.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/quotient.hpp"
#include "gpu/webgpu/kernel_sources.hpp"
#include "gpu/webgpu/unrolled.hpp"

namespace realizar::gpu {
namespace {

using webgpu::Access;
using webgpu::Binding;
using webgpu::panel_rows;

/// Of a token's step in the memory of a workgroup.
constexpr int staged_bytes = webgpu::step_columns + webgpu::step_chunks * 8;

/// The arguments of product.wgsl.
struct ProductSizes {
  uint32_t n_rows, n_steps, n_tokens, first_panel, n_panels;
  View out;
  ProductEpilogue::Arguments epilogue;
  MatrixChoice::Arguments choice;
};

}  // namespace

/// What a workgroup of product.wgsl makes.
struct QuantizedProducts::Tile {
  int tokens, results, splits, lines;
  bool shares_rows, is_gated;

  int rows() const { return panel_rows * results * (shares_rows ? 1 : lines); }
  int panels() const { return results * (is_gated ? 2 : 1); }  // of a thread
  std::string key() const {
    return concat(tokens, " ", results, " ", splits, " ", lines, " ", shares_rows, is_gated);
  }
};

QuantizedProducts::QuantizedProducts(std::shared_ptr<const webgpu::Device> device, GpuBufferPool& pool,
                                     IntegerDot integer_dot)
    : device_(std::move(device)),
      pool_(pool),
      has_integer_dot_(integer_dot == IntegerDot::where_there && device_->gpu().has_integer_dot),
      kernels_(*device_) {}

GpuTokens QuantizedProducts::room(int64_t n_tokens, int64_t n_cols, int block, int n_heads) {
  const auto n_chunks =
      static_cast<uint64_t>(n_tokens * n_heads * webgpu::steps_of(n_cols) * webgpu::step_chunks);
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
  const std::string constants = concat("const block = ", block, "u;\nconst threads = 64u;\n");
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

int QuantizedProducts::splits_of(int64_t n_steps) const {
  const int64_t most = std::min(16, device_->gpu().max_workgroup_threads / panel_rows);
  return static_cast<int>(quotient_up(n_steps, quotient_up(n_steps, most)));
}

QuantizedProducts::Tile QuantizedProducts::tile_of(const GpuMatrix& weights, int64_t n_tokens,
                                                   const MatrixChoice& choice) const {
  const int splits = splits_of(webgpu::steps_of(weights.n_cols()));
  const bool is_gated = weights.by_turns();
  // Many tokens: a thread has four rows for eight tokens, as long as that keeps the GPU busy.
  constexpr int64_t busy_lines = 1024;
  const Tile many{8, is_gated ? 2 : 4, splits, 4, false, is_gated};
  static_assert(MatrixChoice::lot_tokens == 8);
  if (choice.kind == MatrixChoice::Kind::grouped) return many;
  const bool is_one = choice.kind == MatrixChoice::Kind::one;
  const int64_t n_rows = is_one ? weights.n_rows() : choice.n_rows;
  if (choice.kind != MatrixChoice::Kind::chosen && n_tokens >= many.tokens &&
      quotient_up(n_rows, int64_t{many.rows()}) * many.lines * quotient_up(n_tokens, int64_t{many.tokens}) >=
          busy_lines)
    return many;
  Tile few{1, 1, splits, splits, true, is_gated};
  if (choice.kind == MatrixChoice::Kind::chosen) return few;
  // Codes and sums of all lines share what a workgroup has of memory.
  const int token_bytes = splits * (staged_bytes + few.panels() * panel_rows * 4) + 8;
  const int most_tokens = std::min(8, device_->gpu().workgroup_bytes / token_bytes);
  while (2 * few.tokens <= most_tokens && few.tokens < n_tokens) few.tokens *= 2;
  return few;
}

const webgpu::Kernel& QuantizedProducts::product_kernel(const GpuMatrix& weights, const Tile& tile,
                                                        const ProductEpilogue& epilogue,
                                                        const MatrixChoice& choice, bool own_inputs) {
  std::string text;
  return kernels_.get(
      concat(kernels::info(weights.type()).name, " ", tile.key(), " ", epilogue.key(), " ",
             choice.key(own_inputs)),
      [&] {
        const auto boolean = [](bool value) { return value ? "true" : "false"; };
        // A thread of few tokens loads a whole step before it multiplies.
        const bool early = tile.tokens * tile.panels() <= 4;
        const int chunk_words = weights.layout().chunk_words();
        text = concat(weights.layout().constants(), "const tokens = ", tile.tokens,
                      "u;\nconst results = ", tile.results, "u;\nconst splits = ", tile.splits,
                      "u;\nconst lines = ", tile.lines, "u;\nconst group_rows = ", tile.rows(),
                      "u;\nconst shares_rows = ", boolean(tile.shares_rows),
                      ";\nconst is_gated = ", boolean(tile.is_gated), ";\n", epilogue.text(),
                      choice.text(own_inputs), webgpu::kernel_source("weights"),
                      webgpu::kernel_source(has_integer_dot_ ? "dot4" : "dot4_plain"),
                      webgpu::unrolled(webgpu::kernel_source("product"),
                                       {{"tokens", tile.tokens},
                                        {"results", tile.results},
                                        {"halves", tile.is_gated ? 2 : 1},
                                        {"gates", tile.is_gated ? 1 : 0},
                                        {"chunk_words", chunk_words},
                                        {"chunks_per_word", webgpu::step_chunks / chunk_words},
                                        {"early_chunks", early ? webgpu::step_chunks / chunk_words : 0},
                                        {"body_words", early ? chunk_words : 1},
                                        {"body_chunks", early ? webgpu::step_chunks / chunk_words : 1},
                                        {"early", early ? 1 : 0},
                                        {"late", early ? 0 : 1}}));
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
  const Tile tile = tile_of(weights, tokens.n_tokens, choice);
  const webgpu::Kernel& kernel = product_kernel(weights, tile, epilogue, choice, tokens.n_heads > 1);
  for (const GpuMatrix::Part& part : weights.parts()) {
    // Results of one matrix count from the first row of the part.
    const int64_t first_row = is_one ? part.first_panel * panel_rows : 0;
    const int64_t n_rows =
        !is_one ? choice.n_rows : std::min(weights.n_rows() - first_row, part.n_panels * panel_rows);
    const ProductSizes sizes{static_cast<uint32_t>(n_rows),
                             static_cast<uint32_t>(webgpu::steps_of(weights.n_cols())),
                             static_cast<uint32_t>(tokens.n_tokens),
                             static_cast<uint32_t>(is_one ? 0 : part.first_panel),
                             static_cast<uint32_t>(part.n_panels),
                             {out.at + static_cast<uint32_t>(first_row), out.stride},
                             epilogue.arguments(static_cast<uint32_t>(first_row)),
                             choice.arguments(static_cast<uint32_t>(first_row))};
    recording.dispatch(
        kernel,
        {part.wide, part.pairs, part.bits, part.scales, tokens.codes.binding(), tokens.chunks.binding(),
         numbers, epilogue.vectors.buffer ? epilogue.vectors : part.scales},
        sizes, choice.groups(n_rows, tile.rows(), tokens.n_tokens, tile.tokens));
  }
}

}  // namespace realizar::gpu
