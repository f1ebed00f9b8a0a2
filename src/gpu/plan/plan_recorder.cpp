#include "gpu/plan/plan_recorder.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/quotient.hpp"
#include "gpu/plan/attention_recorder.hpp"
#include "gpu/plan/embed_recorder.hpp"
#include "gpu/plan/expert_recorder.hpp"
#include "gpu/plan/norm_recorder.hpp"
#include "gpu/plan/product_recorder.hpp"
#include "gpu/webgpu/kernel_sources.hpp"

namespace realizar::gpu {

using namespace fusion;
using webgpu::Access;
using webgpu::Binding;
using webgpu::Kernel;
using webgpu::Workgroups;

namespace {

/// As elementwise.wgsl counts.
enum class Elementwise { copy_other, add, add_rows, multiply_other, scale, soft_cap, sigmoid_gate };

class Recorder : BatchRecording {
 public:
  Recorder(const webgpu::Device& device, const PlanMemory& plan_memory, const BatchShape& shape)
      : BatchRecording{plan_memory, shape.n_tokens, shape.n_splits, webgpu::Recording(device)},
        n_asked_(shape.n_asked) {}

  /// `next`: the op behind it, or none.
  void record(const Op& op, const Op* next) {
    next_ = next;
    for_each_slot(
        op, [](const Slot&) {},
        [&](const Slot& slot) {
          std::erase_if(prepared_, [&](const Prepared& each) { return each.in.buffer == slot.buffer; });
        });
    visit(op);
  }
  size_t size() const { return recorded.size(); }
  webgpu::Recording finish() && { return std::move(recorded); }

  void operator()(const PerToken& op) {
    for (size_t i = 0; i < op.ops.size(); ++i)
      if (i + 2 < op.ops.size() && are_rope_and_store(*this, op.ops[i], op.ops[i + 1], op.ops[i + 2])) {
        const auto &q = std::get<Rope>(op.ops[i]), &k = std::get<Rope>(op.ops[i + 1]);
        const auto& store = std::get<StoreKv>(op.ops[i + 2]);
        i += 2;
        if (!is_left_to_attention({q, store}, i + 1 == op.ops.size()))
          record_rope_and_store(*this, q, k, store);
      } else if (const auto* store = std::get_if<StoreKv>(&op.ops[i])) {
        if (!is_left_to_attention({{}, *store}, i + 1 == op.ops.size())) record_store(*this, *store);
      } else if (i + 1 < op.ops.size() || !is_left_to_logits(op.ops[i])) {
        visit(op.ops[i]);
      }
  }

  void operator()(const Embed& op) {
    if (op.table) return record_embed(*this, op);
    elementwise({.operation = Elementwise::copy_other,
                 .out = view(op.out),
                 .other = memory.buffers.embeddings(n_tables_++),
                 .n_cols = op.out.width,
                 .factor = op.scale,
                 .others = memory.buffers.embedding_rows()});
  }

  void operator()(const AddPositionEmbedding& op) {
    elementwise({.operation = Elementwise::add_rows,
                 .a = view(op.x),
                 .out = view(op.x),
                 .other = memory.buffers.embeddings(n_tables_++),
                 .n_cols = op.x.width,
                 .others = memory.buffers.embedding_rows()});
  }

  void operator()(const Norm& op) { record_norm(*this, op, view(op.out)); }

  void operator()(const Rope& op) {
    struct {
      View x, angles;
      uint32_t n_heads, head_stride, n_pairs;
    } const arguments{view(op.x.columns(op.head_offset, op.n_rot)), memory.buffers.angles(op.table),
                      static_cast<uint32_t>(op.n_heads), static_cast<uint32_t>(op.head_stride),
                      static_cast<uint32_t>(op.n_rot / 2)};
    const bool halves = op.style == RopeStyle::neox;
    const Kernel& kernel = this->kernel(concat("rope ", halves), "rope", constant("halves", halves), {},
                                        {Access::write, Access::read}, sizeof(arguments));
    recorded.dispatch(kernel, {activations(), memory.buffers.angle_numbers()}, arguments,
                      threads(op.n_heads * op.n_rot / 2));
  }

  void operator()(const JoinHeads& op) {
    struct {
      View a, b, out;
      uint32_t n_heads, a_width, b_width, a_stride, b_stride;
    } const arguments{view(op.a),
                      view(op.b),
                      view(op.out),
                      static_cast<uint32_t>(op.n_heads),
                      static_cast<uint32_t>(op.a_width),
                      static_cast<uint32_t>(op.b_width),
                      static_cast<uint32_t>(op.a_stride),
                      static_cast<uint32_t>(op.b_stride)};
    recorded.dispatch(kernel("join_heads", "join_heads", {}, {}, {Access::write}, sizeof(arguments)),
                      {activations()}, arguments, threads(op.n_heads * (op.a_width + op.b_width)));
  }

  void operator()(const StoreKv& op) {
    if (!is_left_to_attention({{}, op}, true)) record_store(*this, op);
  }
  void operator()(const Attention& op) {
    record_attention(*this, op, std::exchange(own_store_, {}), peaks_for(op.out));
  }

  void operator()(const Gate& op) { gate(op, view(op.gate), op.up ? view(op.up) : View{}, !!op.up); }

  void operator()(const Add& op) { add(op, view(op.b)); }

  void operator()(const Scale& op) {
    const bool by_column = memory.weights.values(op.weight).size() > 1;
    elementwise({.operation = by_column ? Elementwise::multiply_other : Elementwise::scale,
                 .a = view(op.x),
                 .out = view(op.x),
                 .other = {memory.weights.vector_at(op.weight), 0},
                 .n_cols = op.x.width,
                 .factor = op.weight ? memory.weights.factor(op.weight) : op.factor});
  }

  void operator()(const SoftCap& op) {
    elementwise({.operation = Elementwise::soft_cap,
                 .a = view(op.x),
                 .out = view(op.x),
                 .n_cols = op.x.width,
                 .factor = op.cap});
  }

  void operator()(const SigmoidGate& op) {
    elementwise({.operation = Elementwise::sigmoid_gate,
                 .a = view(op.x),
                 .b = view(op.gate),
                 .out = view(op.x),
                 .n_cols = op.x.width});
  }

  void operator()(const Products& op) {
    ProductInput input{view(op.in), n_tokens, op.in.width};
    const int block = common_block(op);
    if (const auto at = std::exchange(peaked_.at, {}); at && peaked_.in == op.in) {
      input.peaks = {op.norm ? memory.buffers.weighted_peaks() : memory.buffers.peaks(), *at};
      if (op.norm) input.norm = late_norm(memory.weights, *op.norm);
    } else if (const Prepared* prepared = prepared_for(op, block)) {
      input.tokens = prepared->tokens;
      input.prepared = block;
    } else if (block != 0 && op.norm && op.norm->width == op.in.width) {
      record_quantised_norm(*this, *op.norm, input, block);
      keep({op.in, op.norm, block, input.tokens});
    } else if (op.norm) {
      input.x = memory.buffers.scratch(2, op.in.width);
      record_norm(*this, *op.norm, input.x);
    }
    // A gate is stored apart, and meets the second product as that is finished, unless one kernel makes both.
    const View gate = memory.buffers.scratch(0, op.linears[0].out.width);
    size_t together = 1;
    for (size_t i = 0; i < op.linears.size(); i += together) {
      const Linear& linear = op.linears[i];
      together = memory.weights.n_together(linear.weight);
      const bool is_last = i + together == op.linears.size();
      ProductEpilogue epilogue = this->epilogue(linear.scale, linear.bias);
      View out = view(linear.out);
      MatrixChoice choice;
      if (op.gate && !is_last) {
        out = gate;
      } else if (op.gate) {
        epilogue.kind =
            op.linears.size() > 1 ? ProductEpilogue::Kind::gate_other : ProductEpilogue::Kind::activate_alone;
        epilogue.activation = op.gate->activation;
        epilogue.other = gate;
        out = view(op.gate->out);
      } else if (op.add) {
        epilogue.kind = ProductEpilogue::Kind::add_other;
        epilogue.factor = op.add->factor;
        epilogue.other = view(op.add->a);
        out = view(op.add->out);
      } else {
        if (together > 1) choice.second = tensor_behind(linear, op.linears[i + 1], linear.out.width);
        if (together > 2)
          choice.third =
              tensor_behind(linear, op.linears[i + 2], linear.out.width + op.linears[i + 1].out.width);
      }
      const GpuWeight& matrix = memory.weights.matrix(linear.weight);
      Peaks peaks;
      if (is_last && keeps_peaks(matrix)) {
        if (op.gate) peaks = peaks_for(op.gate->out, input.peaks);
        if (op.add) peaks = peaks_for(op.add->out, input.peaks);
      }
      record_product(*this, input, matrix, activations(), out, epilogue, choice, peaks);
    }
  }

  void operator()(const Logits& op) {
    require(static_cast<bool>(op.weight), ErrorKind::unsupported,
            "a plan without output matrix does not run on a GPU: layers there are the last ones");
    if (n_asked_ == 0) return;
    const std::optional<Norm> norm = std::exchange(last_norm_, {});
    ProductInput input{view(norm ? norm->in : op.in), n_asked_, op.in.width};
    if (n_asked_ < n_tokens) gather_asked(input);
    if (norm)
      record_quantised_norm(*this, *norm, input,
                            std::get<GpuMatrix>(memory.weights.matrix(op.weight)).layout().block);
    const int n_vocab = memory.plan.n_vocab;
    const View out{0, static_cast<uint32_t>(n_vocab)};
    record_product(*this, input, memory.weights.matrix(op.weight), memory.logits, out,
                   epilogue(op.scale, op.bias));
    if (op.factor != 1)
      elementwise({.operation = Elementwise::scale,
                   .a = out,
                   .out = out,
                   .n_cols = n_vocab,
                   .factor = op.factor,
                   .numbers = memory.logits,
                   .n_tokens = n_asked_});
    if (op.soft_cap != 0)
      elementwise({.operation = Elementwise::soft_cap,
                   .a = out,
                   .out = out,
                   .n_cols = n_vocab,
                   .factor = op.soft_cap,
                   .numbers = memory.logits,
                   .n_tokens = n_asked_});
  }

  /// Heads have a matrix each.
  void operator()(const HeadLinear& op) {
    const Weight& weight = memory.plan.weight(op.weight);
    ProductInput input{view(op.in),
                       n_tokens,
                       static_cast<int>(weight.n_cols),
                       {op.n_heads, static_cast<uint32_t>(op.in_stride)}};
    record_product(*this, input, memory.weights.matrix(op.weight), activations(), view(op.out),
                   epilogue(op.scale, {}), {MatrixChoice::Kind::every, op.n_heads, weight.n_rows});
  }

  void operator()(const Route& op) { record_route(*this, op); }
  void operator()(const Experts& op) { record_experts(*this, op); }

  void operator()(const Linear&) { fail(ErrorKind::internal, "a product outside the fused Products"); }

 private:
  ProductEpilogue epilogue(WeightId scale, WeightId bias) const {
    return product_epilogue(memory.weights, scale, bias);
  }

  /// Of products that are one, where results and biases of another go whose rows begin with `row`.
  MatrixChoice::Tensor tensor_behind(const Linear& first, const Linear& other, int row) const {
    const auto first_row = static_cast<uint32_t>(row);
    const View out = view(first.out), other_out = view(other.out);
    return {first_row, other_out.at - out.at - first_row, other_out.stride - out.stride,
            memory.weights.vector_at(other.bias) - memory.weights.vector_at(first.bias) - first_row};
  }

  struct ElementwiseCall {
    Elementwise operation;
    View a{}, b{}, out{}, other{};
    int n_cols;
    float factor = 1;
    Binding others{};      // none: the plan's vectors
    Binding numbers{};     // none: the activations
    int64_t n_tokens = 0;  // 0: all
  };
  void elementwise(const ElementwiseCall& call) {
    struct {
      View a, b, out, other;
      uint32_t n_cols;
      float factor;
    } const arguments{call.a, call.b, call.out, call.other, static_cast<uint32_t>(call.n_cols), call.factor};
    const int operation = static_cast<int>(call.operation);
    const Kernel& kernel =
        this->kernel(concat("elementwise ", operation), "elementwise",
                     constant("operation", operation) + webgpu::activation_constants(Activation::silu, false),
                     {"activations"}, {Access::write, Access::read}, sizeof(arguments));
    Workgroups groups = threads(call.n_cols);
    if (call.n_tokens != 0) groups.y = static_cast<uint32_t>(call.n_tokens);
    recorded.dispatch(kernel,
                      {call.numbers.buffer ? call.numbers : activations(),
                       call.others.buffer ? call.others : memory.weights.vectors()},
                      arguments, groups);
  }

  /// Whether a norm is made of the rows alone that ask for logits, as the output matrix takes them.
  bool is_left_to_logits(const Op& op) {
    const auto* norm = std::get_if<Norm>(&op);
    const auto* next = next_ ? std::get_if<Logits>(next_) : nullptr;
    if (!norm || !next || !next->weight || next->in != norm->out || norm->width != norm->in.width ||
        !std::holds_alternative<GpuMatrix>(memory.weights.matrix(next->weight)))
      return false;
    last_norm_ = *norm;
    return true;
  }

  /// Rows that ask for logits, one after the other, instead of all.
  void gather_asked(ProductInput& input) {
    const View rows = memory.buffers.scratch(2, input.n_cols);
    struct {
      View input, out;
      uint32_t n_cols, list_at;
    } const arguments{input.x, rows, static_cast<uint32_t>(input.n_cols), memory.buffers.asked_at()};
    Workgroups groups = threads(input.n_cols);
    groups.y = static_cast<uint32_t>(input.n_tokens);
    recorded.dispatch(
        kernel("gather_rows", "gather_rows", {}, {}, {Access::write, Access::read}, sizeof(arguments)),
        {activations(), memory.buffers.batch()}, arguments, groups);
    input.x = rows;
  }

  /// Whether a store, with the rotation ahead of it, is done by the kernel of the next op.
  bool is_left_to_attention(const OwnStore& own, bool is_last) {
    const auto* next = is_last && next_ ? std::get_if<Attention>(next_) : nullptr;
    if (!next || !attention_stores(*this, own, *next)) return false;
    own_store_ = own;
    return true;
  }

  void visit(const Op& op) { std::visit(*this, static_cast<const OpVariant&>(op)); }

  /// The blocks in which all of a product's weights take their tokens; 0: there are no such.
  int common_block(const Products& op) const {
    int block = 0;
    for (const Linear& linear : op.linears) {
      if (memory.weights.n_together(linear.weight) == 0) continue;
      const auto* matrix = std::get_if<GpuMatrix>(&memory.weights.matrix(linear.weight));
      if (!matrix || (block != 0 && block != matrix->layout().block)) return 0;
      block = matrix->layout().block;
    }
    return block;
  }

  /// Where the peaks of what a slot will hold are kept for the next op, if that quantises it itself, by a
  /// kernel that takes such itself or none.
  Peaks peaks_for(const Slot& slot, const Peaks& taken = {}) {
    peaked_.at.reset();
    const auto* next = next_ ? std::get_if<Products>(next_) : nullptr;
    if (n_tokens != 1 || !next || next->in != slot || !takes_numbers(*next)) return {};
    const Binding buffer = next->norm ? memory.buffers.weighted_peaks() : memory.buffers.peaks();
    if (buffer.buffer == taken.buffer.buffer) return {};
    if (n_peaks_ == 0) clear_peaks();
    peaked_ = {slot, n_peaks_};
    n_peaks_ += static_cast<uint32_t>(webgpu::steps_of(slot.width));
    Peaks peaks{buffer, *peaked_.at};
    if (next->norm && next->norm->weight) peaks.weights_at = memory.weights.vector_at(next->norm->weight);
    return peaks;
  }

  /// Whether all products of an op quantise one token themselves.
  bool takes_numbers(const Products& op) const {
    if (op.norm && (op.norm->width != op.in.width || !is_late(*op.norm))) return false;
    return std::all_of(op.linears.begin(), op.linears.end(), [&](const Linear& linear) {
      if (memory.weights.n_together(linear.weight) == 0) return true;
      const auto* matrix = std::get_if<GpuMatrix>(&memory.weights.matrix(linear.weight));
      return matrix && memory.products.takes_numbers(*matrix, op.norm.has_value());
    });
  }

  void clear_peaks() {
    const Binding peaks = memory.buffers.peaks(), weighted = memory.buffers.weighted_peaks();
    const auto count = static_cast<uint32_t>(peaks.bytes / sizeof(uint32_t));
    recorded.dispatch(
        kernel("clear_peaks", "clear_peaks", {}, {}, {Access::write, Access::write}, sizeof(count)),
        {peaks, weighted}, count, threads(count));
  }

  static bool keeps_peaks(const GpuWeight& weight) {
    const auto* matrix = std::get_if<GpuMatrix>(&weight);
    return matrix && matrix->parts().size() == 1;
  }

  /// What was made of a slot for products: int8, after a norm where there is one.
  struct Prepared {
    Slot in;
    std::optional<Norm> norm;
    int block;
    std::shared_ptr<const GpuTokens> tokens;
  };

  const Prepared* prepared_for(const Products& op, int block) const {
    const auto alike = [](const Norm& a, const Norm& b) {
      return a.kind == b.kind && a.weight == b.weight && a.bias == b.bias && a.epsilon == b.epsilon &&
             a.width == b.width;
    };
    const auto found = std::find_if(prepared_.begin(), prepared_.end(), [&](const Prepared& each) {
      return each.in == op.in && each.block == block && each.norm.has_value() == op.norm.has_value() &&
             (!op.norm || alike(*each.norm, *op.norm));
    });
    return found == prepared_.end() ? nullptr : &*found;
  }

  void keep(Prepared prepared) {
    // Attention stands between two products of one norm.
    constexpr size_t most_kept = 2;
    if (prepared_.size() == most_kept) prepared_.erase(prepared_.begin());
    prepared_.push_back(std::move(prepared));
  }

  void gate(const Gate& op, View gate, View up, bool has_up) {
    struct {
      View gate, up, out;
      uint32_t n_cols;
    } const arguments{gate, up, view(op.out), static_cast<uint32_t>(op.out.width)};
    const std::string constants = webgpu::activation_constants(op.activation, has_up);
    recorded.dispatch(
        kernel("gate " + constants, "gate", constants, {"activations"}, {Access::write}, sizeof(arguments)),
        {activations()}, arguments, threads(op.out.width));
  }

  void add(const Add& op, View b) {
    elementwise({.operation = Elementwise::add,
                 .a = view(op.a),
                 .b = b,
                 .out = view(op.out),
                 .n_cols = op.out.width,
                 .factor = op.factor});
  }

  int64_t n_asked_;
  int n_tables_ = 0;                // ops with a table so far
  std::vector<Prepared> prepared_;  // the latest
  const Op* next_ = nullptr;
  std::optional<OwnStore> own_store_;  // that the attention behind it does
  std::optional<Norm> last_norm_;      // that the logits behind it take
  uint32_t n_peaks_ = 0;               // so far
  struct {
    Slot in;
    std::optional<uint32_t> at;
  } peaked_;  // the slot whose peaks were kept, for the next op
};

}  // namespace

webgpu::Recording record(const webgpu::Device& device, const PlanMemory& memory, const BatchShape& shape,
                         std::vector<size_t>* ends) {
  Recorder recorder(device, memory, shape);
  const std::vector<Op>& ops = memory.plan.ops;
  for (size_t i = 0; i < ops.size(); ++i) {
    recorder.record(ops[i], i + 1 < ops.size() ? &ops[i + 1] : nullptr);
    if (ends) ends->push_back(recorder.size());
  }
  return std::move(recorder).finish();
}

}  // namespace realizar::gpu
