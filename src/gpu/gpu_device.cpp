#include "gpu/gpu_device.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "fusion/check_batch.hpp"
#include "gpu/async_gpu_result.hpp"
#include "gpu/gpu_ceilings.hpp"
#include "gpu/plan/plan_recorder.hpp"
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
        dense_rows_(pool_.acquire(static_cast<uint64_t>(options.max_batch_tokens * most_columns(plan_)) *
                                  sizeof(float))) {}

  void reserve_kv(int n_pages) override {
    forget_recordings();
    kv_.reserve(n_pages);
    // A kernel that does not compile is known before the first token.
    make_room_for_logits(1);
    recording({1, 1});
  }
  void copy_page(int from, int to) override { kv_.copy_page(from, to); }

  std::span<const float> run(const Batch& batch) override {
    check_batch(batch, plan_, buffers_.max_tokens(), kv_.n_pages());
    std::vector<uint32_t> asked;
    for (size_t t = 0; t < batch.tokens.size(); ++t)
      if (batch.wants_logits[t] != 0) asked.push_back(static_cast<uint32_t>(t));
    const auto n_tokens = static_cast<int64_t>(batch.tokens.size()),
               n_asked = static_cast<int64_t>(asked.size());
    if (buffers_.send(batch, asked)) forget_recordings();
    const uint64_t logit_bytes = make_room_for_logits(n_asked);
    const Shape shape{n_tokens, n_asked};
    if (batch.times) take_times(recording(shape), *batch.times);
    if (batch.gpu_seconds && device_->gpu().has_timestamps)
      *batch.gpu_seconds += time_passes(recording(shape), recording(shape).size()).at(0);
    webgpu::Commands commands = encoded(shape);
    logits_.clear();
    if (asked.empty()) {
      device_->submit(std::move(commands));
      return {};
    }
    GpuBuffer readback = pool_.acquire(logit_bytes, webgpu::BufferUse::readback);
    commands.copy(logits_buffer_.get(), 0, readback.get(), 0, logit_bytes);
    AsyncGpuResult result(device_, std::move(commands), std::move(readback), logit_bytes / sizeof(float));
    // While the GPU works: most batches are like the one before.
    ahead_.emplace(encode(shape));
    ahead_shape_ = shape;
    logits_ = result.take();
    return logits_;
  }

  DeviceMemory memory() const override {
    return {weights_.bytes(), buffers_.bytes() + dense_rows_.bytes() + logits_buffer_.bytes(),
            kv_.page_bytes(), kv_.page_bytes() * static_cast<uint64_t>(kv_.n_pages())};
  }
  std::optional<GpuCeilings> measure_ceilings() override {
    // A software GPU is for tests, and slow.
    const bool software = device_->gpu().type == GpuType::software;
    return gpu::measure_ceilings(*device_, pool_, uint64_t{software ? 32u : 1024u} << 20);
  }
  KernelNames kernels_of_token() override {
    make_room_for_logits(1);
    std::vector<size_t> ends;
    const webgpu::Recording kernels = record(*device_, plan_memory(), 1, 1, &ends);
    KernelNames names;
    for (size_t op = 0, i = 0; op < ends.size(); ++op)
      for (names.emplace_back(); i < ends[op]; ++i) names.back().push_back(kernels.kernel_name(i));
    return names;
  }
  const Plan& plan() const override { return plan_; }
  std::string gpu() const override { return device_->gpu().name; }

 private:
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

  /// By tokens, and rows of logits that are asked for.
  using Shape = std::pair<int64_t, int64_t>;

  PlanMemory plan_memory() {
    return {
        plan_, weights_, buffers_, kv_, products_, kernels_, dense_rows_.binding(), logits_buffer_.binding()};
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
    return recordings_.emplace(shape, record(*device_, plan_memory(), shape.first, shape.second))
        .first->second;
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
  GpuBuffer dense_rows_, logits_buffer_;
  std::map<Shape, webgpu::Recording> recordings_;
  std::optional<webgpu::Commands> ahead_;  // encoded, for the next batch if it has this shape
  Shape ahead_shape_;
  std::vector<float> logits_;
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
