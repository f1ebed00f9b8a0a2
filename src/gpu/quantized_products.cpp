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

/// Numbers that all workgroups of a product quantise sooner than a kernel for it.
constexpr int64_t most_quantised = 1 << 19;

/// The arguments of product.wgsl.
struct ProductSizes {
  uint32_t n_rows, n_steps, n_tokens, first_panel, n_panels;
  View out;
  ProductEpilogue::Arguments epilogue;
  MatrixChoice::Arguments choice;
  uint32_t input_at, input_peaks_at;
  LateNorm::Arguments norm;
  uint32_t peaks_at, peak_weights_at;
};

const char* boolean(bool value) { return value ? "true" : "false"; }

const std::vector<Access> product_bindings = {Access::read, Access::read, Access::read,  Access::read,
                                              Access::read, Access::read, Access::write, Access::read};

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

std::string Peaks::text(int n_buffers) const {
  if (!buffer.buffer) return std::string(webgpu::kernel_source("no_peaks"));
  return concat("const n_buffers = ", n_buffers, "u;\n", webgpu::kernel_source("keep_peaks"));
}

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
  const std::string constants = concat("const out_block = ", block, "u;\nconst threads = 64u;\n");
  std::string text;
  const webgpu::Kernel& kernel = kernels_.get(concat("quantize ", block), [&] {
    text = concat(constants, webgpu::kernel_source("int8"), webgpu::kernel_source("quantize_step"),
                  webgpu::kernel_source("quantize"));
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
  constexpr int64_t busy_lines = 512;
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

/// What a workgroup of product_one.wgsl makes, and how.
struct QuantizedProducts::OneTokenTile {
  int rows, parts, splits, rounds, halves;
  int sets;            // of rows, one after the other
  int64_t input_cols;  // of one in f32
  bool is_normed;

  int threads() const { return rows * parts * splits * halves; }
  /// Sums of parts, with minima, and of stretches; the input, and its squares.
  int bytes(bool has_min) const {
    const auto input_steps = static_cast<int>(webgpu::steps_of(input_cols));
    return splits * halves * rows * 4 * (rounds * parts * (has_min ? 2 : 1) + 1) +
           input_steps * (2 * 256 + 64) + (is_normed ? input_steps * 256 + 256 : 0);
  }
  std::string key() const {
    return concat(rows, " ", parts, " ", splits, " ", rounds, " ", halves, " ", sets, " ", input_cols);
  }
  int group_rows() const { return rows * sets; }
};

std::optional<QuantizedProducts::OneTokenTile> QuantizedProducts::one_token_tile(const GpuMatrix& weights,
                                                                                 const MatrixChoice& choice,
                                                                                 const Input& input) const {
  const webgpu::WeightLayout& layout = weights.layout();
  const bool is_chosen = choice.kind == MatrixChoice::Kind::chosen;
  if (layout.block != webgpu::step_columns || choice.kind == MatrixChoice::Kind::grouped ||
      (input.n_tokens != 1 && !is_chosen))
    return {};
  const int64_t n_steps = webgpu::steps_of(weights.n_cols());
  const int splits = splits_of(n_steps);
  const auto rounds = static_cast<int>(quotient_up(n_steps, splits));
  constexpr int most_rounds = 4;  // whose weights registers hold
  if (rounds > most_rounds) return {};
  const int halves = weights.by_turns() ? 2 : 1;
  const int64_t n_rows =
      choice.kind == MatrixChoice::Kind::one ? weights.n_rows() : choice.n_rows * choice.count;
  // The fewer rows and stretches there are, the more threads share a step; where there are many, a thread for
  // each stretch keeps a GPU as busy.
  constexpr int64_t few_stretches = 1 << 15;
  const int64_t n_stretches = n_rows * splits * halves * input.n_tokens;
  if (n_stretches > 2 * few_stretches && !input.is_f32) return {};
  struct Cut {
    int rows, parts;
  };
  std::vector<Cut> cuts = {{16, 4}, {32, 2}, {16, 2}};
  if (n_stretches > few_stretches) cuts.erase(cuts.begin());
  int64_t most_groups = n_rows;
  if (input.is_f32 && halves == 2) {
    // Gates are many rows, which workgroups that quantise take one lot after the other.
    cuts = {{32, 1}, {16, 1}, {8, 1}};
    std::erase_if(cuts, [&](const Cut& cut) { return cut.rows * splits * halves > 512; });
    most_groups = std::max<int64_t>(1, most_quantised / weights.n_cols());
  }
  for (const Cut cut : cuts) {
    const auto sets = static_cast<int>(quotient_up(quotient_up(n_rows, cut.rows), most_groups));
    const OneTokenTile tile{cut.rows,
                            cut.parts,
                            splits,
                            rounds,
                            halves,
                            sets,
                            input.is_f32 ? weights.n_cols() : 0,
                            input.norm.has_value()};
    if (tile.threads() <= device_->gpu().max_workgroup_threads &&
        tile.bytes(layout.has_min) <= device_->gpu().workgroup_bytes)
      return tile;
  }
  return {};
}

std::string QuantizedProducts::KernelKind::key() const {
  return concat(kernels::info(weights.type()).name, " ", epilogue.key(), " ", choice.key(input.own_inputs),
                peaks.buffer.buffer ? " peaks " : " ", peaks.weights_at ? "weighted " : "",
                input.norm ? concat("norm ", input.norm->has_weight, " ") : "");
}

std::vector<Access> QuantizedProducts::KernelKind::bindings() const {
  std::vector<Access> bindings = product_bindings;
  if (peaks.buffer.buffer) bindings.push_back(Access::write);
  return bindings;
}

std::string QuantizedProducts::sums_text(const KernelKind& kind) const {
  return concat(
      kind.weights.layout().constants(), "const is_gated = ", boolean(kind.weights.by_turns()),
      ";\nconst weighs_peaks = ", boolean(kind.peaks.weights_at.has_value()), ";\n", kind.epilogue.text(),
      kind.choice.text(kind.input.own_inputs), webgpu::kernel_source("weights"),
      webgpu::kernel_source(has_integer_dot_ ? "dot4" : "dot4_plain"), webgpu::kernel_source("int8"),
      kind.peaks.text(static_cast<int>(product_bindings.size())), webgpu::kernel_source("product_sums"));
}

const webgpu::Kernel& QuantizedProducts::one_token_kernel(const KernelKind& kind, const OneTokenTile& tile) {
  std::string text;
  return kernels_.get(concat(kind.key(), "one ", tile.key()), [&] {
    const int part_chunks = webgpu::step_chunks / tile.parts,
              word_chunks = std::min(part_chunks, webgpu::step_chunks / kind.weights.layout().chunk_words());
    std::string input(webgpu::kernel_source("int8_input"));
    if (tile.input_cols > 0) {
      const int64_t n_steps = webgpu::steps_of(tile.input_cols);
      const int64_t quads = quotient_up(n_steps * webgpu::step_columns, int64_t{4} * tile.threads());
      input =
          concat("const n_cols = ", tile.input_cols, "u;\nconst n_steps = ", n_steps,
                 "u;\nconst n_threads = ", tile.threads(), "u;\nconst is_normed = ", boolean(tile.is_normed),
                 ";\nconst has_norm_weight = ", boolean(kind.input.norm && kind.input.norm->has_weight),
                 ";\n", webgpu::kernel_source("late_norm"),
                 webgpu::unrolled(webgpu::kernel_source("f32_input"), {{"quads", static_cast<int>(quads)}}));
    }
    text = concat(
        "const tokens = 1u;\nconst rows = ", tile.rows, "u;\nconst sets = ", tile.sets,
        "u;\nconst group_rows = rows * sets;\nconst parts = ", tile.parts, "u;\nconst rounds = ", tile.rounds,
        "u;\nconst splits = ", tile.splits, "u;\nconst is_f32_input = ", boolean(tile.input_cols > 0), ";\n",
        sums_text(kind), input,
        webgpu::unrolled(webgpu::kernel_source("product_one"), {{"rounds", tile.rounds},
                                                                {"part_words", part_chunks / word_chunks},
                                                                {"word_chunks", word_chunks}}));
    return webgpu::KernelSource{.name = "product",
                                .source = text,
                                .bindings = kind.bindings(),
                                .argument_bytes = sizeof(ProductSizes)};
  });
}

const webgpu::Kernel& QuantizedProducts::product_kernel(const KernelKind& kind, const Tile& tile) {
  std::string text;
  return kernels_.get(concat(kind.key(), tile.key()), [&] {
    // A thread of few tokens loads a whole step before it multiplies.
    const bool early = tile.tokens * tile.panels() <= 4;
    const int chunk_words = kind.weights.layout().chunk_words();
    text =
        concat("const tokens = ", tile.tokens, "u;\nconst results = ", tile.results,
               "u;\nconst splits = ", tile.splits, "u;\nconst lines = ", tile.lines,
               "u;\nconst group_rows = ", tile.rows(), "u;\nconst shares_rows = ", boolean(tile.shares_rows),
               ";\n", sums_text(kind), webgpu::kernel_source("int8_input"),
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
                                .bindings = kind.bindings(),
                                .argument_bytes = sizeof(ProductSizes),
                                // Of several tokens at once, steps are slower unrolled.
                                .counts_loops = tile.shares_rows && early && tile.tokens > 1};
  });
}

bool QuantizedProducts::keeps_peaks(int n_buffers) const {
  return device_->limits().maxStorageBuffersPerShaderStage > static_cast<uint32_t>(n_buffers);
}

bool QuantizedProducts::takes_numbers(const GpuMatrix& weights, bool is_normed) const {
  // Every workgroup quantises all of them: with more, or where more of them share a processor of the GPU, a
  // kernel for it is sooner done, unless all workgroups have few enough.
  constexpr int64_t most_cols = 8192, most_groups = 128;
  Input input{.is_f32 = true};
  if (is_normed) input.norm.emplace();
  const std::optional<OneTokenTile> tile = one_token_tile(weights, {}, input);
  if (!tile || !keeps_peaks(static_cast<int>(product_bindings.size()))) return false;
  const int64_t n_groups = quotient_up(weights.n_rows(), tile->group_rows()), n_cols = weights.n_cols();
  return n_cols <= most_cols && (n_groups <= most_groups || n_groups * n_cols <= most_quantised);
}

void QuantizedProducts::multiply(webgpu::Recording& recording, const GpuTokens& tokens,
                                 const GpuMatrix& weights, const Binding& numbers, View out,
                                 const ProductEpilogue& epilogue, const MatrixChoice& choice,
                                 const Peaks& peaks) {
  require(tokens.n_cols == weights.n_cols() && tokens.block == weights.layout().block,
          ErrorKind::invalid_argument, "weights of ", weights.n_cols(), " columns in blocks of ",
          weights.layout().block, " were given tokens of ", tokens.n_cols, " in blocks of ", tokens.block);
  require(tokens.n_heads == 1 || tokens.n_heads == choice.count, ErrorKind::invalid_argument, tokens.n_heads,
          " inputs of a token were given to ", choice.count, " matrices");
  if (tokens.n_tokens == 0) return;
  multiply(recording,
           Input{tokens.n_tokens, tokens.n_heads > 1, tokens.codes.binding(), tokens.chunks.binding()},
           weights, numbers, out, epilogue, choice, peaks);
}

void QuantizedProducts::multiply(webgpu::Recording& recording, const PeakedNumbers& x,
                                 const GpuMatrix& weights, const Binding& numbers, View out,
                                 const ProductEpilogue& epilogue, const MatrixChoice& choice,
                                 const Peaks& peaks) {
  require(x.n_cols == weights.n_cols() && takes_numbers(weights, x.norm.has_value()),
          ErrorKind::invalid_argument, "weights of ", weights.n_cols(), " columns were given ", x.n_cols,
          " numbers that are not quantised");
  multiply(recording, Input{1, false, x.peaks.buffer, x.peaks.buffer, true, x.at, x.peaks.at, x.norm},
           weights, numbers, out, epilogue, choice, peaks);
}

void QuantizedProducts::multiply(webgpu::Recording& recording, const Input& input, const GpuMatrix& weights,
                                 const Binding& numbers, View out, const ProductEpilogue& epilogue,
                                 const MatrixChoice& choice, const Peaks& peaks) {
  const bool is_one = choice.kind == MatrixChoice::Kind::one;
  const std::optional<OneTokenTile> one = one_token_tile(weights, choice, input);
  const Tile tile = tile_of(weights, input.n_tokens, choice);
  const KernelKind kind{weights, epilogue, choice, input, peaks};
  const webgpu::Kernel& kernel = one ? one_token_kernel(kind, *one) : product_kernel(kind, tile);
  const int rows = one ? one->group_rows() : tile.rows(), tile_tokens = one ? 1 : tile.tokens;
  for (const GpuMatrix::Part& part : weights.parts()) {
    // Results of one matrix count from the first row of the part.
    const int64_t first_row = is_one ? part.first_panel * panel_rows : 0;
    const int64_t n_rows =
        !is_one ? choice.n_rows : std::min(weights.n_rows() - first_row, part.n_panels * panel_rows);
    const ProductSizes sizes{static_cast<uint32_t>(n_rows),
                             static_cast<uint32_t>(webgpu::steps_of(weights.n_cols())),
                             static_cast<uint32_t>(input.n_tokens),
                             static_cast<uint32_t>(is_one ? 0 : part.first_panel),
                             static_cast<uint32_t>(part.n_panels),
                             {out.at + static_cast<uint32_t>(first_row), out.stride},
                             epilogue.arguments(static_cast<uint32_t>(first_row)),
                             choice.arguments(static_cast<uint32_t>(first_row)),
                             input.at,
                             input.peaks_at,
                             input.norm ? input.norm->arguments() : LateNorm::Arguments{},
                             peaks.at,
                             peaks.weights_at.value_or(0)};
    std::vector<Binding> bindings = {
        part.wide,   part.pairs,   part.bits, part.scales,
        input.codes, input.chunks, numbers,   epilogue.vectors.buffer ? epilogue.vectors : part.scales};
    if (peaks.buffer.buffer) bindings.push_back(peaks.buffer);
    recording.dispatch(kernel, bindings, std::as_bytes(std::span(&sizes, 1)),
                       choice.groups(n_rows, rows, input.n_tokens, tile_tokens));
  }
}

}  // namespace realizar::gpu
