#include "gpu/gpu_device.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "fusion/check_batch.hpp"
#include "gpu/async_gpu_result.hpp"
#include "gpu/gpu_ceilings.hpp"
#include "gpu/plan/attention_recorder.hpp"
#include "gpu/plan/plan_recorder.hpp"
#include "gpu/plan/token_chooser.hpp"
#include "gpu/webgpu/gpu_clock.hpp"

namespace realizar::gpu {
namespace {

using namespace fusion;

Plan checked(Plan plan, const DeviceOptions& options) {
  require(options.max_batch_tokens > 0, ErrorKind::invalid_argument, "batches of at most ",
          options.max_batch_tokens, " tokens hold none");
  return fuse(std::move(plan));
}

/// The most columns that the inputs of a token have in a product of the plan.
int64_t most_columns(const Plan& plan) {
  int64_t most = 1;
  for (const Op& op : plan.ops) {
    if (const auto* products = std::get_if<Products>(&op)) most = std::max<int64_t>(most, products->in.width);
    if (const auto* logits = std::get_if<Logits>(&op)) most = std::max<int64_t>(most, logits->in.width);
    if (const auto* heads = std::get_if<HeadLinear>(&op))
      most = std::max(most, heads->n_heads * plan.weight(heads->weight).n_cols);
    if (const auto* experts = std::get_if<Experts>(&op))
      most = std::max(
          {most, int64_t{experts->in.width}, experts->experts.width * plan.weight(experts->down).n_cols});
  }
  return most;
}

/// Numbers on their way back, or nothing.
class StartedGpuBatch final : public StartedBatch {
 public:
  StartedGpuBatch() = default;
  StartedGpuBatch(AsyncGpuResult numbers, size_t n_tokens)
      : pending_(std::move(numbers)), tokens_(n_tokens) {}

  BatchResult result() override {
    if (pending_) {
      numbers_ = pending_->take();
      pending_.reset();
      if (!tokens_.empty()) std::memcpy(tokens_.data(), numbers_.data(), tokens_.size() * sizeof(int32_t));
    }
    return {tokens_, std::span(numbers_).subspan(tokens_.size())};
  }

 private:
  std::optional<AsyncGpuResult> pending_;
  std::vector<float> numbers_;  // tokens, as bits, then logits
  std::vector<int32_t> tokens_;
};

class GpuDevice final : public Device {
 public:
  GpuDevice(Plan plan, const DeviceOptions& options, std::shared_ptr<webgpu::Device> gpu,
            const std::function<void(std::span<const std::byte>)>& release)
      : plan_(checked(std::move(plan), options)),
        device_(std::move(gpu)),
        pool_(device_, options.gpu_memory_limit > 0 ? options.gpu_memory_limit : GpuBufferPool::no_limit),
        kernels_(*device_),
        products_(device_, pool_),
        weights_(*device_, pool_, plan_, options, release),
        buffers_(*device_, pool_, plan_, options),
        kv_(*device_, pool_, plan_.kv, options.kv_type),
        chooser_(*device_, pool_, kernels_, plan_.n_vocab, options.max_batch_tokens),
        dense_rows_(pool_.acquire(static_cast<uint64_t>(options.max_batch_tokens * most_columns(plan_)) *
                                  sizeof(float))) {}

  void reserve_kv(int n_pages) override {
    forget_recordings();
    kv_.reserve(n_pages);
    // A kernel that does not compile is known before the first token.
    make_room_for_a_token();
    recording({1, 1, usual_kept()});
  }
  void copy_page(int from, int to) override { kv_.copy_page(from, to); }

  std::span<const float> run(const Batch& batch) override {
    last_run_ = start(batch, {});
    return last_run_->result().logits;
  }

  int most_candidates() const override {
    return buffers_.takes_chosen_tokens() ? TokenChooser::most_candidates : 0;
  }

  std::unique_ptr<StartedBatch> start(const Batch& batch, std::span<const TokenChoice> choices) override {
    check_batch(batch, plan_, buffers_.max_tokens(), kv_.n_pages(), n_chosen_);
    std::vector<uint32_t> asked;
    for (size_t t = 0; t < batch.tokens.size(); ++t)
      if (batch.wants_logits[t] != 0) asked.push_back(static_cast<uint32_t>(t));
    require(choices.empty() || choices.size() == asked.size(), ErrorKind::invalid_argument, choices.size(),
            " tokens are to be chosen by ", asked.size(), " rows of logits");
    const auto n_tokens = static_cast<int64_t>(batch.tokens.size());
    const int32_t deepest = *std::max_element(batch.positions.begin(), batch.positions.end());
    const Shape shape{{n_tokens, static_cast<int64_t>(asked.size()), attention_splits(n_tokens, deepest)},
                      TokenChooser::kept_for(choices)};
    const auto is_host_s = [](const TokenChoice& choice) { return choice.top_k == 0; };
    const bool reads_logits = choices.empty() || std::any_of(choices.begin(), choices.end(), is_host_s);
    if (buffers_.send(batch, asked)) forget_recordings();
    if (shape.kept > 0) {
      if (chooser_.reserve(shape.n_asked, shape.kept)) forget_recordings();
      chooser_.send(choices);
    }
    const uint64_t logit_bytes = make_room_for_logits(shape.n_asked);
    if (batch.times) take_times(recording(shape), *batch.times);
    if (batch.gpu_seconds && device_->gpu().has_timestamps)
      *batch.gpu_seconds += time_passes(recording(shape), recording(shape).size()).at(0);
    webgpu::Commands commands = encoded(shape);
    n_chosen_ = shape.kept > 0 ? shape.n_asked : 0;
    if (asked.empty()) {
      device_->submit(std::move(commands));
      return std::make_unique<StartedGpuBatch>();
    }
    // Tokens, then logits.
    const uint64_t token_bytes = static_cast<uint64_t>(n_chosen_) * sizeof(int32_t);
    const uint64_t bytes = token_bytes + (reads_logits ? logit_bytes : 0);
    GpuBuffer readback = pool_.acquire(bytes, webgpu::BufferUse::readback);
    if (token_bytes > 0) commands.copy(chooser_.tokens().buffer, 0, readback.get(), 0, token_bytes);
    if (reads_logits) commands.copy(logits_buffer_.get(), 0, readback.get(), token_bytes, logit_bytes);
    auto started = std::make_unique<StartedGpuBatch>(
        AsyncGpuResult(device_, std::move(commands), std::move(readback), bytes / sizeof(float)),
        static_cast<size_t>(n_chosen_));
    // While the GPU works: most batches are like the one before.
    ahead_.emplace(encode(shape));
    ahead_shape_ = shape;
    return started;
  }

  DeviceMemory memory() const override {
    return {weights_.bytes(),
            buffers_.bytes() + dense_rows_.bytes() + logits_buffer_.bytes() + chooser_.bytes(),
            kv_.page_bytes(), kv_.page_bytes() * static_cast<uint64_t>(kv_.n_pages())};
  }
  std::optional<GpuCeilings> measure_ceilings() override {
    // A software GPU is for tests, and slow.
    const bool software = device_->gpu().type == GpuType::software;
    return gpu::measure_ceilings(*device_, pool_, uint64_t{software ? 32u : 1024u} << 20);
  }
  KernelNames kernels_of_token() override {
    make_room_for_a_token();
    std::vector<size_t> ends;
    webgpu::Recording kernels = record(*device_, plan_memory(), {1, 1, 1}, &ends);
    if (most_candidates() > 0) {
      chooser_.record(kernels, logits_buffer_.binding(), 1, usual_kept());
      ends.back() = kernels.size();
    }
    KernelNames names;
    for (size_t op = 0, i = 0; op < ends.size(); ++op)
      for (names.emplace_back(); i < ends[op]; ++i) names.back().push_back(kernels.kernel_name(i));
    return names;
  }
  const Plan& plan() const override { return plan_; }
  std::string gpu() const override { return device_->gpu().name; }

 private:
  /// The candidates that are kept of a row for the usual samplers.
  static int usual_kept() { return TokenChooser::kept_for(std::array{TokenChoice{.top_k = 40}}); }

  /// Runs the kernels once more, so many in a pass: seconds of each pass by the GPU's clock, which has room
  /// for 2048. They begin with the embeddings, so that doing all twice changes nothing.
  std::vector<double> time_passes(const webgpu::Recording& kernels, size_t n_kernels) {
    constexpr size_t most_spans = 2048;
    const size_t n = std::min((kernels.size() + n_kernels - 1) / n_kernels, most_spans);
    webgpu::GpuClock clock(*device_, static_cast<uint32_t>(n));
    webgpu::Commands commands(*device_);
    for (size_t i = 0; i < n; ++i) {
      clock.start(commands, static_cast<uint32_t>(i));
      commands.run(kernels, i * n_kernels, std::min(n_kernels, kernels.size() - i * n_kernels));
      clock.stop(commands);
    }
    clock.finish(commands);
    device_->submit(std::move(commands));
    return clock.seconds();
  }

  void take_times(const webgpu::Recording& kernels, OpTimes& times) {
    const std::vector<double> seconds = time_passes(kernels, 1);
    for (size_t i = 0; i < seconds.size(); ++i) times.add(kernels.kernel_name(i), seconds[i], 0);
  }

  /// What kernels are recorded for.
  struct Shape : BatchShape {
    int kept = 0;  // candidates of a row of logits, one of which is chosen; 0: none is
    auto operator<=>(const Shape&) const = default;
  };

  PlanMemory plan_memory() {
    return {plan_,
            weights_,
            buffers_,
            kv_,
            products_,
            kernels_,
            device_->gpu().max_workgroup_threads,
            dense_rows_.binding(),
            chooser_.tokens(),
            logits_buffer_.binding()};
  }

  void make_room_for_a_token() {
    make_room_for_logits(1);
    if (chooser_.reserve(1, usual_kept())) forget_recordings();
  }

  /// Bytes that the rows of so many logits take.
  uint64_t make_room_for_logits(int64_t n_asked) {
    const uint64_t bytes = static_cast<uint64_t>(n_asked * plan_.n_vocab) * sizeof(float);
    if (bytes > logits_buffer_.bytes()) {
      forget_recordings();
      logits_buffer_ = pool_.acquire(bytes);
    }
    return bytes;
  }

  const webgpu::Recording& recording(const Shape& shape) {
    constexpr size_t most_shapes = 8;
    if (const auto found = recordings_.find(shape); found != recordings_.end()) return found->second;
    if (recordings_.size() >= most_shapes) forget_recordings();
    webgpu::Recording recorded = record(*device_, plan_memory(), shape);
    if (shape.kept > 0) chooser_.record(recorded, logits_buffer_.binding(), shape.n_asked, shape.kept);
    return recordings_.emplace(shape, std::move(recorded)).first->second;
  }

  webgpu::Commands encode(const Shape& shape) {
    webgpu::Commands commands(*device_);
    commands.run(recording(shape));
    return commands;
  }

  /// Those made ahead, if they are for this shape.
  webgpu::Commands encoded(const Shape& shape) {
    if (!ahead_ || ahead_shape_ != shape) return encode(shape);
    webgpu::Commands commands = std::move(*ahead_);
    ahead_.reset();
    return commands;
  }

  /// When a buffer is another than the one that kernels were recorded with.
  void forget_recordings() {
    ahead_.reset();
    recordings_.clear();
  }

  Plan plan_;
  std::shared_ptr<webgpu::Device> device_;
  GpuBufferPool pool_;
  webgpu::KernelCache kernels_;
  QuantizedProducts products_;
  GpuWeights weights_;
  PlanBuffers buffers_;
  GpuKvCache kv_;
  TokenChooser chooser_;
  int64_t n_chosen_ = 0;  // by the batch started last
  GpuBuffer dense_rows_, logits_buffer_;
  std::map<Shape, webgpu::Recording> recordings_;
  std::optional<webgpu::Commands> ahead_;  // encoded, for the next batch if it has this shape
  Shape ahead_shape_{};
  std::unique_ptr<StartedBatch> last_run_;
};

}  // namespace

std::unique_ptr<Device> make_gpu_device(Plan plan, const DeviceOptions& options, const std::string& gpu,
                                        const std::function<void(std::span<const std::byte>)>& release) {
  return make_gpu_device(std::move(plan), options, webgpu::Device::open(gpu), release);
}

std::unique_ptr<Device> make_gpu_device(Plan plan, const DeviceOptions& options,
                                        std::shared_ptr<webgpu::Device> gpu,
                                        const std::function<void(std::span<const std::byte>)>& release) {
  return std::make_unique<GpuDevice>(std::move(plan), options, std::move(gpu), release);
}

}  // namespace realizar::gpu
