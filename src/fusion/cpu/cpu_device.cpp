#include "backend/topology.hpp"
#include "base/error.hpp"
#include "fusion/cpu/execution.hpp"
#include "fusion/device.hpp"

namespace realizar::fusion {
namespace {

using namespace cpu;

class CpuDevice final : public Device {
 public:
  CpuDevice(Plan plan, const DeviceOptions& options,
            const std::function<void(std::span<const std::byte>)>& release)
      : plan_(fuse(std::move(plan))),
        pool_(options.n_threads > 0 ? options.n_threads : backend::topology().physical_cores),
        weights_(plan_, options.arithmetic, pool_, release, options.progress),
        kv_(plan_.kv, options.kv_type),
        execution_(plan_, options, pool_, weights_, kv_) {}

  void reserve_kv(int n_pages) override { kv_.reserve(n_pages); }
  void copy_page(int from, int to) override { kv_.copy_page(from, to); }

  std::span<const float> run(const Batch& batch) override {
    execution_.begin(batch);
    execution_.clock.start(batch.times);
    pool_.run([&](int worker) { run_all(worker); });
    return execution_.logits;
  }

  DeviceMemory memory() const override {
    return {weights_.bytes(), execution_.activation_bytes(), kv_.page_bytes(),
            kv_.page_bytes() * static_cast<uint64_t>(kv_.n_pages())};
  }
  const Plan& plan() const override { return plan_; }

 private:
  void run_all(int worker) {
    Execution& e = execution_;
    {
      const OpClock::Part part(e.clock, worker, "rope_angles");
      pool_.parallel_for(e.n_tokens, 8, [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; ++t) e.angles.compute(t, e.batch.positions[static_cast<size_t>(t)]);
      });
    }
    for (const Op& op : plan_.ops) {
      const OpClock::Part part(e.clock, worker, name(op));
      if (const auto* products = std::get_if<Products>(&op))
        execute(*products, e, worker);
      else if (const auto* heads = std::get_if<HeadLinear>(&op))
        execute(*heads, e, worker);
      else if (const auto* attention = std::get_if<Attention>(&op))
        execute(*attention, e, worker);
      else if (const auto* experts = std::get_if<Experts>(&op))
        execute(*experts, e, worker);
      else if (const auto* logits = std::get_if<Logits>(&op))
        execute(*logits, e, worker);
      else
        pool_.parallel_for(e.n_tokens, 4, [&](int64_t begin, int64_t end) {
          for (int64_t t = begin; t < end; ++t) execute_for_token(op, e, t, worker);
        });
    }
  }

  Plan plan_;
  backend::ThreadPool pool_;
  Weights weights_;
  KvCache kv_;
  Execution execution_;
};

}  // namespace

std::unique_ptr<Device> make_cpu_device(Plan plan, const DeviceOptions& options,
                                        const std::function<void(std::span<const std::byte>)>& release) {
  require(options.max_batch_tokens > 0, ErrorKind::invalid_argument, "batches of at most ",
          options.max_batch_tokens, " tokens hold none");
  return std::make_unique<CpuDevice>(std::move(plan), options, release);
}

}  // namespace realizar::fusion
