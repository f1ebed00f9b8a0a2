#pragma once

#include <cstdint>

#include "backend/isa.hpp"
#include "kernels/activation.hpp"
#include "kernels/panels.hpp"

// What an instruction set offers to the layers above: raw pointers, nothing checked. Arrays are row by row;
// shapes stand in parentheses.
namespace realizar::kernels {

/// Most tokens that a product takes at once, and most panels that a fast one does.
inline constexpr int max_tile_tokens = 64, max_tile_panels = 4;

/// Sums of the codes of a block of 256.
struct GroupSums {
  int16_t of_pairs[16][2];      // of 16 codes, the columns 0 and 1 modulo 4, and 2 and 3
  int16_t of_16[16], of_32[8];  // of 16 codes, and of 32
  int32_t all;
};

/// Activations as integers, laid out so that what a chunk of weights meets in a tile of tokens stands
/// together. A block (32 or 256 columns, as the weights have) is d * codes, with int8 codes in [-127, 127],
/// or int16 codes of int16_steps at most.
struct QuantizedTokens {
  static constexpr int pair_columns = 64;  // two chunks

  /// (n_cols / 32, stride, 32) for blocks of 32, (n_cols / 64, stride, 64) for those of 256.
  int8_t* codes = nullptr;
  int16_t* int16_codes = nullptr;   // (n_cols / 32, stride, 32): the int16 codes in place of those
  float* d = nullptr;               // (n_cols / block, stride)
  int16_t* half_sums = nullptr;     // (n_cols / 32, stride, 2): sums of 16 codes; blocks of 32 only
  float* minus_sums = nullptr;      // (n_cols / 32, stride): -d times the sum of 32 codes; blocks of 32 only
  GroupSums* group_sums = nullptr;  // (n_cols / 256, stride); blocks of 256 only
  int64_t stride = 0;               // tokens, or more

  /// The 32 codes of a token in a chunk.
  int8_t* codes_of(int block, int64_t chunk, int64_t token) const {
    return block == 32 ? codes + (chunk * stride + token) * 32
                       : codes + (chunk / 2 * stride + token) * pair_columns + chunk % 2 * 32;
  }
};

/// The block in which activations are quantised to meet weights of this type.
int activation_block(TensorType type);

/// out (n_panels, n_tokens, 16) = the tokens first_token ... of x times the 16 rows of each panel, integers
/// within a block.
using FastProduct = void (*)(const uint8_t* panels, int n_panels, int64_t n_cols, const QuantizedTokens& x,
                             int64_t first_token, int n_tokens, float* out);

/// The same of x (n_tokens, n_cols), rows x_stride apart: f32 FMAs in the order of the columns on the
/// weights' f32 values.
using ExactProduct = void (*)(const uint8_t* panels, int n_panels, int64_t n_cols, const float* x,
                              int64_t x_stride, int n_tokens, float* out);

/// How a cache of keys and values stores numbers.
enum class KvFormat { f16, f32, q8_0 };
inline constexpr int n_kv_formats = 3;

/// Positions of a page of the cache; attention takes keys in tiles of so many, aligned to the absolute
/// position.
inline constexpr int kv_tile = 64;
/// Positions of a segment: partial results of attention are merged segment by segment.
inline constexpr int kv_segment = 512;

/// Most queries that attention takes at once.
inline constexpr int max_attention_queries = 64;

/// Columns that share a scale in q8_0.
inline constexpr int kv_block = 32;

/// A page of one KV head: keys (key_dim, 64), so that a lane is a position, then values (64, value_dim). In
/// q8_0, int8 with an f16 scale for each 32 dimensions of a position: (ceil(key_dim / 32), 64) and (64,
/// ceil(value_dim / 32)).
struct KvPageLayout {
  int64_t keys_at, key_scales_at, values_at, value_scales_at, bytes;
};
KvPageLayout kv_page_layout(KvFormat format, int key_dim, int value_dim);

/// One KV head's view of a sequence's pages, for queries that share it. Page i holds the positions 64 i ...
struct AttentionSegment {
  const uint8_t* first_page;  // of this layer and head
  int64_t page_stride;        // bytes from one page of the cache to the next
  const int32_t* page_table;  // of the sequence
  int key_dim, value_dim;     // value_dim 0: the values are the first `out_dim` columns of the keys
  int out_dim;
  float scale;
  float soft_cap;  // 0: none
};

/// One query against a segment, and its partial result: out (out_dim) is not divided by `sum` yet.
struct AttentionQuery {
  const float* q;      // (key_dim)
  int64_t position;    // of the token
  int64_t begin, end;  // the positions it sees in this segment
  float slope;         // ALiBi: added per position of distance, 0: none
  float* out;
  float max, sum;
};

struct KernelTable {
  static constexpr int n_types = 64;  // ggml's numbers are below
  FastProduct fast[n_types];          // null where the type is no block format, F16 or BF16
  ExactProduct exact[n_types];        // null where there are no products with the type

  /// Quantises x (n_cols) as token `token` of `out`. A block that holds a NaN or an infinity gets d = NaN and
  /// codes 0.
  void (*quantize)(const float* x, int64_t n_cols, int block, const QuantizedTokens& out, int64_t token);
  /// The same in int16, in blocks of 32.
  void (*quantize_int16)(const float* x, int64_t n_cols, const QuantizedTokens& out, int64_t token);
  /// Blocks of 32 weights of F16 or BF16 as codes (n_blocks, 32) under d in BF16 (n_blocks), as Int16 has
  /// them. A block that holds a NaN or an infinity gets d = NaN and codes 0.
  void (*int16_weights)(TensorType type, const uint8_t* weights, int n_blocks, uint16_t* d, int16_t* codes);

  float (*dot)(const float* a, const float* b, int64_t n);
  /// out = x / sqrt(mean(x^2) + epsilon) * weight + bias; weight and bias may be null.
  void (*rms_norm)(const float* x, const float* weight, const float* bias, float epsilon, int64_t n,
                   float* out);
  /// out = (x - mean) / sqrt(variance + epsilon) * weight + bias; weight and bias may be null.
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float epsilon, int64_t n,
                     float* out);
  /// out = activation(gate) * up; without `up` the activation alone.
  void (*gate[n_activations])(const float* gate, const float* up, int64_t n, float* out);
  /// out = a + factor * b
  void (*add)(const float* a, const float* b, float factor, int64_t n, float* out);
  /// out = a + factor * the first n_rows columns of tile (n_tokens, 16), rows of a and out `stride` apart
  void (*add_tile)(const float* a, int64_t a_stride, const float* tile, float factor, int n_tokens,
                   int n_rows, float* out, int64_t out_stride);
  /// out = a * b
  void (*multiply)(const float* a, const float* b, int64_t n, float* out);
  /// out = factor * x
  void (*scale)(const float* x, float factor, int64_t n, float* out);
  /// x = cap * tanh(x / cap)
  void (*soft_cap)(float* x, float cap, int64_t n);
  void (*sigmoid)(const float* x, int64_t n, float* out);
  void (*softmax)(float* x, int64_t n);
  /// Rotates pairs of x by (cosines, sines) (n_rot / 2): halves, or else neighbours.
  void (*rope)(float* x, const float* cosines, const float* sines, int n_rot, bool halves);

  /// Puts a key (key_dim) or a value (value_dim) at slot 0-63 of a page.
  void (*store_key[n_kv_formats])(const float* key, int key_dim, uint8_t* keys, uint8_t* scales, int slot);
  void (*store_value[n_kv_formats])(const float* value, int value_dim, uint8_t* values, uint8_t* scales,
                                    int slot);
  /// Attention of 1 to `max_attention_queries` queries over a segment; scratch (64, key_dim + out_dim).
  void (*attend[n_kv_formats])(const AttentionSegment& segment, AttentionQuery* queries, int n_queries,
                               float* scratch);
  /// Merges the partial result of the next segment into `into`, whose max is -infinity at the start.
  void (*merge_attention)(AttentionQuery& into, const AttentionQuery& next, int out_dim);

  /// Multiply-adds as fast as the instruction set has them, on registers alone: in bytes, as fast products do
  /// them, and in f32. Both return how many there were in `n_rounds` rounds.
  int64_t (*int8_peak)(int64_t n_rounds);
  int64_t (*f32_peak)(int64_t n_rounds);
};

/// The kernels of an instruction set that this processor has.
const KernelTable& kernels_of(backend::Isa isa);

/// Those of backend::selected_isa().
const KernelTable& kernels();

}  // namespace realizar::kernels
