#include "gpu/plan/attention_recorder.hpp"

#include <algorithm>
#include <bit>
#include <span>

#include "base/quotient.hpp"
#include "gpu/webgpu/kernel_sources.hpp"

namespace realizar::gpu {

using namespace fusion;
using webgpu::Access;
using webgpu::Kernel;
using webgpu::Workgroups;

namespace {

constexpr int split_positions = 256, n_queries = 4;
// One token has few workgroups; of many, those with fewer threads fill a GPU better. As many sum values.
constexpr int n_threads = 128, threads_of_one = 256;
static_assert(split_positions % page_positions == 0 && split_positions % threads_of_one == 0);

std::string kv_constants(const BatchRecording& batch, int layer) {
  const KvShape& shape = batch.memory.kv.shape(layer);
  const GpuKvLayout layout = batch.memory.kv.layout(layer);
  return constant("n_kv_heads", shape.n_kv_heads) + constant("key_dim", shape.key_dim) +
         constant("value_dim", shape.value_dim) + constant("key_units", layout.key_units) +
         constant("value_units", layout.value_units) + constant("head_units", layout.head_units) +
         constant("kv_type", static_cast<int>(batch.memory.kv.type())) +
         constant("max_tokens", batch.memory.buffers.max_tokens());
}

/// Columns of a key, and of a value, that kernels store at once; columns beyond
/// the head's are stored too.
int stored_chunks(const BatchRecording& batch, int layer) {
  const GpuKvLayout layout = batch.memory.kv.layout(layer);
  const int units = layout.key_units + layout.value_units;
  switch (batch.memory.kv.type()) {
    case KvType::f32:
      return units * 2;
    case KvType::f16:
      return units * 4;
    case KvType::q8_0:
      break;
  }
  return units / 2;
}

uint32_t value_stride(const StoreKv& op, const KvShape& shape) {
  return static_cast<uint32_t>(op.v_stride != 0 ? op.v_stride : shape.value_dim);
}

/// How queries share a workgroup, and what threads have of their keys and
/// values.
struct Tiling {
  int group;  // query heads of a KV head
  int heads, tile_tokens;
  int n_lanes, octets_at_once;

  Tiling(const Attention& op, const KvShape& shape, int out_dim) {
    group = op.n_heads / shape.n_kv_heads;
    // Equal shares of a group, of at most four.
    heads = static_cast<int>(quotient_up(group, quotient_up(group, n_queries)));
    tile_tokens = n_queries / heads;
    const int key_octets = static_cast<int>(quotient_up(shape.key_dim, 8)),
              out_octets = static_cast<int>(quotient_up(out_dim, 8));
    constexpr int most_lanes = 16;
    // Keys that are values stand so that positions are beside each other.
    n_lanes = shape.value_dim == 0 ? most_lanes : std::clamp(n_threads / out_octets, 1, most_lanes);
    octets_at_once = 1;
    for (const int most : {2, 4, 5})
      if (key_octets % most == 0) octets_at_once = most;
  }
  int chunks() const { return static_cast<int>(quotient_up(group, heads)); }
  std::string constants() const {
    return constant("group", group) + constant("heads", heads) + constant("tile_tokens", tile_tokens) +
           constant("n_lanes", n_lanes) + constant("octets_at_once", octets_at_once);
  }
};

int64_t partial_numbers(const Attention& op) { return op.n_heads * (op.out.width / op.n_heads + 2); }

}  // namespace

int64_t attention_room(const Plan& plan) {
  constexpr int64_t most_numbers = 16 << 20, most_pairs = 4096;
  int64_t largest = 0;
  for (const Op& op : plan.ops)
    if (const auto* attention = std::get_if<Attention>(&op))
      largest = std::max(largest, partial_numbers(*attention));
  return std::min(most_numbers, most_pairs * largest);
}

int64_t attention_splits(int64_t n_tokens, int64_t deepest) {
  // So many tokens fill a GPU.
  constexpr int64_t most_tokens = 64;
  if (n_tokens > most_tokens) return 1;
  const auto n_splits =
      static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(deepest / split_positions + 1)));
  // Two splits of some tokens are done sooner than folded.
  return n_splits == 2 && n_tokens >= most_tokens / 4 ? 1 : n_splits;
}

bool attention_stores(const BatchRecording& batch, const OwnStore& own, const Attention& op) {
  const KvShape& shape = batch.memory.kv.shape(op.layer);
  // One workgroup has all queries of a KV head, and threads what they store for themselves.
  return batch.n_tokens == 1 && own.store.layer == op.layer && own.store.v &&
         batch.memory.kv.type() != KvType::q8_0 && op.n_heads / shape.n_kv_heads <= n_queries &&
         (!own.rope || own.rope->x == op.q);
}

void record_attention(BatchRecording& batch, const Attention& op, const std::optional<OwnStore>& own,
                      const Peaks& peaks) {
  const PlanMemory& memory = batch.memory;
  const KvShape& shape = memory.kv.shape(op.layer);
  const int out_dim = op.out.width / op.n_heads;
  const Tiling tiling(op, shape, out_dim);
  int64_t n_splits = batch.n_splits;
  // What a window touches, which need not be aligned, and the tokens of a tile
  // are not in one place.
  if (op.window > 0) n_splits = std::min<int64_t>(n_splits, (op.window + n_queries) / split_positions + 2);
  if (batch.n_tokens * n_splits * partial_numbers(op) > memory.buffers.partial_numbers()) n_splits = 1;
  const bool is_split = n_splits > 1;
  struct {
    View q, out;
    uint32_t window;
    float scale, soft_cap;
    uint32_t sinks_at, has_sinks;
    float alibi_max_bias;
    uint32_t n_heads, partials_at, n_splits, peaks_at, key_octets;
    View k, v, angles;
    uint32_t n_pairs, v_head_stride;
  } const arguments{batch.view(op.q),
                    batch.view(op.out),
                    static_cast<uint32_t>(op.window),
                    op.scale,
                    op.soft_cap,
                    memory.weights.vector_at(op.sinks),
                    op.sinks ? 1u : 0u,
                    op.alibi_max_bias,
                    static_cast<uint32_t>(op.n_heads),
                    memory.buffers.partials_at(),
                    static_cast<uint32_t>(n_splits),
                    peaks.at,
                    static_cast<uint32_t>(quotient_up(shape.key_dim, 8)),
                    own ? batch.view(own->store.k) : View{},
                    own ? batch.view(own->store.v) : View{},
                    own && own->rope ? memory.buffers.angles(own->rope->table) : View{},
                    own && own->rope ? static_cast<uint32_t>(own->rope->n_rot / 2) : 0,
                    own ? value_stride(own->store, shape) : 0};
  const std::string constants = kv_constants(batch, op.layer) + constant("out_dim", out_dim) +
                                constant("split_positions", split_positions);
  // The last kernel keeps the peaks.
  const auto text = [&](bool is_last, int n_buffers) {
    return is_last && peaks.buffer.buffer ? std::string(webgpu::kernel_source("int8")) + peaks.text(n_buffers)
                                          : Peaks{}.text(n_buffers);
  };
  const auto dispatch = [&](const char* name, const std::string& named, bool is_last,
                            std::initializer_list<const char*> texts, std::vector<Access> accesses,
                            std::vector<webgpu::Binding> bindings, Workgroups groups) {
    const std::string ahead = named + text(is_last, static_cast<int>(bindings.size()));
    if (is_last && peaks.buffer.buffer) {
      accesses.push_back(Access::write);
      bindings.push_back(peaks.buffer);
    }
    const Kernel& kernel = batch.kernel(concat(name, " ", named, bindings.size()), name, ahead, texts,
                                        accesses, sizeof(arguments));
    batch.recorded.dispatch(kernel, bindings, std::as_bytes(std::span(&arguments, 1)), groups);
  };
  const auto tokens = static_cast<uint32_t>(batch.n_tokens);
  const std::string named = constants + tiling.constants() +
                            constant("n_threads", batch.n_tokens == 1 ? threads_of_one : n_threads) +
                            constant("is_split", is_split) + constant("stores", own.has_value()) +
                            constant("one_token", batch.n_tokens == 1);
  const Workgroups groups{static_cast<uint32_t>(shape.n_kv_heads * tiling.chunks()), tokens,
                          static_cast<uint32_t>(n_splits)};
  if (own)
    dispatch("attention", named + constant("halves", own->rope && own->rope->style == RopeStyle::neox),
             !is_split, {"kv_page", "kv_read", "turned", "attention_softmax", "attention_stores"},
             {Access::write, Access::read, Access::write, Access::read, Access::read},
             {batch.activations(), memory.buffers.batch(), memory.kv.layer(op.layer),
              memory.weights.vectors(), memory.buffers.angle_numbers()},
             groups);
  else
    dispatch(
        "attention", named, !is_split, {"kv_page", "kv_read", "attention_softmax", "attention_reads"},
        {Access::write, Access::read, Access::read, Access::read},
        {batch.activations(), memory.buffers.batch(), memory.kv.layer(op.layer), memory.weights.vectors()},
        groups);
  if (is_split)
    dispatch("attention_fold", constants, true, {"attention_softmax"},
             {Access::write, Access::read, Access::read},
             {batch.activations(), memory.buffers.batch(), memory.weights.vectors()},
             {static_cast<uint32_t>(op.n_heads), tokens, 1});
}

void record_store(BatchRecording& batch, const StoreKv& op) {
  const PlanMemory& memory = batch.memory;
  const KvShape& shape = memory.kv.shape(op.layer);
  struct {
    View k, v;
    uint32_t v_head_stride;
  } const arguments{batch.view(op.k), op.v ? batch.view(op.v) : View{}, value_stride(op, shape)};
  const std::string constants = kv_constants(batch, op.layer);
  const Kernel& kernel = batch.kernel("store_kv " + constants, "store_kv", constants, {"kv_page", "kv_write"},
                                      {Access::write, Access::read, Access::write}, sizeof(arguments));
  batch.recorded.dispatch(kernel, {batch.activations(), memory.buffers.batch(), memory.kv.layer(op.layer)},
                          arguments, batch.threads(shape.n_kv_heads * stored_chunks(batch, op.layer)));
}

bool are_rope_and_store(const BatchRecording& batch, const Op& first, const Op& second, const Op& third) {
  const auto* q = std::get_if<Rope>(&first);
  const auto* k = std::get_if<Rope>(&second);
  const auto* store = std::get_if<StoreKv>(&third);
  if (!q || !k || !store || k->x != store->k || !store->v) return false;
  const int key_dim = batch.memory.kv.shape(store->layer).key_dim;
  const auto whole = [&](const Rope& rope) { return rope.head_offset == 0 && rope.head_stride == key_dim; };
  return whole(*q) && whole(*k) && q->style == k->style && q->table == k->table && q->n_rot == k->n_rot;
}

void record_rope_and_store(BatchRecording& batch, const Rope& q, const Rope& k, const StoreKv& store) {
  const PlanMemory& memory = batch.memory;
  const KvShape& shape = memory.kv.shape(store.layer);
  struct {
    View q, k, v, angles;
    uint32_t n_pairs, v_head_stride;
  } const arguments{batch.view(q.x),
                    batch.view(k.x),
                    batch.view(store.v),
                    memory.buffers.angles(q.table),
                    static_cast<uint32_t>(q.n_rot / 2),
                    value_stride(store, shape)};
  const std::string constants = kv_constants(batch, store.layer) +
                                constant("halves", q.style == RopeStyle::neox) +
                                constant("n_heads", q.n_heads);
  const Kernel& kernel =
      batch.kernel("rope_kv " + constants, "rope_kv", constants, {"kv_page", "kv_write", "turned"},
                   {Access::write, Access::read, Access::write, Access::read}, sizeof(arguments));
  batch.recorded.dispatch(
      kernel,
      {batch.activations(), memory.buffers.batch(), memory.kv.layer(store.layer),
       memory.buffers.angle_numbers()},
      arguments,
      batch.threads(q.n_heads * (shape.key_dim / 2) + shape.n_kv_heads * stored_chunks(batch, store.layer)));
}

}  // namespace realizar::gpu
