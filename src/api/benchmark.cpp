#include "realizar/benchmark.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>

#include "api/options.hpp"
#include "api/transformer.hpp"
#include "backend/bandwidth.hpp"
#include "backend/thread_pool.hpp"
#include "backend/topology.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "model/multiply_adds.hpp"
#include "model/sampler.hpp"
#include "model/scheduler.hpp"
#include "tensor/peak.hpp"

namespace realizar {
namespace {

/// Sequences of arbitrary tokens, appended to in batches.
class Streams {
 public:
  /// `before_batch`, if any, is called before every batch.
  Streams(GGUFTransformer::Impl& model, int count, const std::function<void()>& before_batch)
      : model_(model), before_batch_(before_batch) {
    for (int i = 0; i < count; ++i) sequences_.push_back(model_.pages->create());
  }
  ~Streams() {
    for (const int32_t sequence : sequences_) model_.pages->release(sequence);
  }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  /// Appends `n_tokens` to every sequence, as a prompt: logits of the last token only.
  void prefill(int n_tokens) {
    for (size_t stream = 0; stream < sequences_.size(); ++stream)
      for (int done = 0; done < n_tokens;) {
        const int part = std::min(model_.max_batch_tokens, n_tokens - done);
        clear();
        add(stream, part);
        done += part;
        wants_logits_.back() = done == n_tokens;
        run();
      }
  }

  /// Whether the device chooses the tokens that are decoded: the most likely, while the batches that follow
  /// are started as a scheduler does.
  bool device_chooses() const {
    return model_.device->most_candidates() > 0 && times_ == nullptr &&
           sequences_.size() <= static_cast<size_t>(model_.max_batch_tokens);
  }

  /// Appends so many tokens to every sequence.
  void decode(int n_tokens) {
    for (int i = 0; i < n_tokens; ++i)
      if (device_chooses())
        start_token();
      else
        decode();
    while (!started_.empty()) read_token();
  }

  /// Appends one token to every sequence, with logits.
  void decode() {
    for (size_t stream = 0; stream < sequences_.size();) {
      clear();
      for (int room = model_.max_batch_tokens; room > 0 && stream < sequences_.size(); --room, ++stream) {
        add(stream, 1);
        wants_logits_.back() = 1;
      }
      run();
    }
  }

  /// From now on the time of every op goes to `times`, and logits are sampled.
  void profile(fusion::OpTimes& times) { times_ = &times; }

  /// From now on the time that the GPU's own clock gives to batches is added to `seconds`, if that is given.
  void time_on_gpu(double* seconds) { gpu_seconds_ = seconds; }

  /// Forgets the positions from `n_positions` on.
  void truncate(int n_positions) {
    for (const int32_t sequence : sequences_)
      model_.pages->truncate(sequence, static_cast<size_t>(n_positions));
  }

 private:
  void clear() {
    tokens_.clear();
    positions_.clear();
    rows_.clear();
    wants_logits_.clear();
    copies_.clear();
    in_batch_.clear();
  }

  void add(size_t stream, int n_tokens) {
    const int32_t sequence = sequences_[stream];
    const size_t before = model_.pages->tokens(sequence).size(), first = tokens_.size();
    for (int i = 0; i < n_tokens; ++i) {
      // Weyl's sequence: spread over the vocabulary, another one for every stream.
      const uint64_t spread = (before + static_cast<size_t>(i) + 1 + stream * 7919) * 0x9E3779B97F4A7C15u;
      tokens_.push_back(static_cast<int32_t>((spread >> 33) % static_cast<uint64_t>(model_.plan.n_vocab)));
      positions_.push_back(static_cast<int32_t>(before) + i);
      rows_.push_back(static_cast<int32_t>(in_batch_.size()));
      wants_logits_.push_back(0);
    }
    require(model_.pages->extend(sequence, std::span(tokens_).subspan(first), copies_),
            ErrorKind::limit_exceeded, "the KV cache has no room for ", sequences_.size(), " streams of ",
            before + static_cast<size_t>(n_tokens),
            " positions: load the model for more streams or a longer context");
    in_batch_.push_back(sequence);
  }

  /// What the tokens are stays with the device, so the books of pages do not hear that they were computed.
  void start_token() {
    clear();
    for (size_t stream = 0; stream < sequences_.size(); ++stream) add(stream, 1);
    wants_logits_.assign(tokens_.size(), 1);
    // To take its time, the GPU does a batch twice, so that what it chose before is gone.
    if (!started_.empty() && !gpu_seconds_)
      for (size_t row = 0; row < tokens_.size(); ++row) tokens_[row] = -1 - static_cast<int32_t>(row);
    const std::vector<fusion::TokenChoice> choices(tokens_.size(), {.top_k = 1});
    started_.push_back(model_.device->start(prepare_batch(), choices));
    if (started_.size() > model::Scheduler::most_ahead) read_token();
  }

  void read_token() {
    started_.front()->result();
    started_.pop_front();
  }

  fusion::Batch prepare_batch() {
    if (before_batch_) before_batch_();
    page_tables_.clear();
    for (const int32_t sequence : in_batch_) page_tables_.push_back(model_.pages->page_table(sequence));
    for (const model::KvPages::Copy& copy : copies_) model_.device->copy_page(copy.from, copy.to);
    return {.tokens = tokens_,
            .positions = positions_,
            .sequences = rows_,
            .wants_logits = wants_logits_,
            .page_tables = page_tables_,
            .times = times_,
            .gpu_seconds = gpu_seconds_};
  }

  void run() {
    const std::span<const float> logits = model_.device->run(prepare_batch());
    for (const int32_t sequence : in_batch_) model_.pages->commit(sequence);
    if (times_ && !logits.empty()) sample(logits);
  }

  void sample(std::span<const float> logits) {
    const Clock::time_point start = Clock::now();
    const auto n_vocab = static_cast<size_t>(model_.plan.n_vocab);
    for (size_t row = 0; row < logits.size(); row += n_vocab) sampler_.sample(logits.subspan(row, n_vocab));
    times_->add("sampling", seconds_since(start), 0);
  }

  GGUFTransformer::Impl& model_;
  const std::function<void()>& before_batch_;
  std::vector<int32_t> sequences_;
  fusion::OpTimes* times_ = nullptr;
  double* gpu_seconds_ = nullptr;
  model::Sampler sampler_{SamplerSettings{.temperature = 0}};
  // The batch that is being put together.
  std::vector<int32_t> tokens_, positions_, rows_, in_batch_;
  std::vector<uint8_t> wants_logits_;
  std::vector<model::KvPages::Copy> copies_;
  std::vector<std::span<const int32_t>> page_tables_;
  std::deque<std::unique_ptr<fusion::StartedBatch>> started_;
};

/// Those of `n_tokens` that end with logits, shared among them.
MultiplyAdds macs_per_token(const GGUFTransformer::Impl& impl, int n_tokens) {
  const model::MultiplyAdds all =
      model::multiply_adds(impl.plan, impl.arithmetic, static_cast<uint64_t>(n_tokens), 1);
  const auto per_token = [&](uint64_t n) { return static_cast<double>(n) / n_tokens; };
  return {per_token(all.int8), per_token(all.int16), per_token(all.f32)};
}

/// What the machine could do at best at some time.
struct Ceilings {
  double bandwidth = 0;
  tensor::Peaks peaks{};
};

Ceilings better(const Ceilings& a, const Ceilings& b) {
  return {std::max(a.bandwidth, b.bandwidth),
          {std::max(a.peaks.int8, b.peaks.int8), std::max(a.peaks.f32, b.peaks.f32)}};
}

/// What `times` say of `seconds`, and what they say nothing of.
Profile to_profile(const fusion::OpTimes& times, double seconds) {
  Profile profile{.seconds = seconds};
  double rest = seconds;
  for (const fusion::OpTimes::Kind& kind : times.kinds()) {
    profile.parts.push_back({std::string(kind.name), kind.n, kind.seconds, kind.waiting});
    rest -= kind.seconds;
  }
  profile.parts.push_back({"rest", 1, rest, 0});
  std::sort(profile.parts.begin(), profile.parts.end(),
            [](const Profile::Part& a, const Profile::Part& b) { return a.seconds > b.seconds; });
  return profile;
}

void check(const GGUFTransformer& model, const BenchmarkOptions& options) {
  require_at_least("n_prompt", options.n_prompt, 0);
  require_at_least("n_decode", options.n_decode, 0);
  require(options.n_prompt > 0 || options.n_decode > 0, ErrorKind::invalid_argument,
          "n_prompt and n_decode are both 0: nothing is left to measure");
  require_at_least("n_repetitions", options.n_repetitions, 1);
  require_at_least("depth", options.depth, 0);
  require_at_least("n_streams", options.n_streams, 1);
  const int64_t longest = std::max<int64_t>(options.n_prompt, int64_t{options.depth} + options.n_decode);
  require(longest <= model.n_context(), ErrorKind::limit_exceeded, "the benchmark needs ", longest,
          " positions, and the context has ", model.n_context(), ": load the model with a larger context");
}

}  // namespace

double Rates::min() const { return all.empty() ? 0 : *std::min_element(all.begin(), all.end()); }
double Rates::max() const { return all.empty() ? 0 : *std::max_element(all.begin(), all.end()); }

double Rates::median() const {
  if (all.empty()) return 0;
  std::vector<double> sorted = all;
  std::sort(sorted.begin(), sorted.end());
  const size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double BenchmarkResult::bandwidth_share() const {
  return read_bandwidth > 0 ? static_cast<double>(bytes_per_token) * decode.median() / read_bandwidth : 0;
}

double BenchmarkResult::prefill_limit() const {
  if (int8_peak <= 0 || f32_peak <= 0 || macs_per_prompt_token.total() <= 0) return 0;
  // A register holds half as many int16.
  const MultiplyAdds& macs = macs_per_prompt_token;
  return 1 / ((macs.int8 + 2 * macs.int16) / int8_peak + macs.f32 / f32_peak);
}

double BenchmarkResult::prefill_share() const {
  return prefill_limit() > 0 ? prefill.median() / prefill_limit() : 0;
}

BenchmarkResult run_benchmark(GGUFTransformer& model, const BenchmarkOptions& options) {
  check(model, options);
  GGUFTransformer::Impl& impl = model.impl();
  impl.evaluator->forget();
  BenchmarkResult result;
  // The weights are read once for all streams, keys and values for each.
  const uint64_t weights = model.bytes_per_token(0), kv = model.bytes_per_token(options.depth) - weights;
  result.bytes_per_token = weights / static_cast<uint64_t>(options.n_streams) + kv;
  if (options.n_prompt > 0) result.macs_per_prompt_token = macs_per_token(impl, options.n_prompt);
  result.macs_per_decoded_token = macs_per_token(impl, 1);

  // What the processor could do says nothing of a GPU, which measures itself.
  const bool on_cpu = !model.on_gpu();
  backend::ThreadPool pool(on_cpu ? impl.n_threads : 1);
  std::optional<backend::ReadBandwidthMeter> memory;
  std::optional<tensor::PeakMeter> arithmetic;
  if (on_cpu) {
    memory.emplace(pool);
    arithmetic.emplace(pool);
  }
  const auto measure = [&]() -> Ceilings {
    if (on_cpu) return {memory->measure(), arithmetic->measure()};
    const fusion::GpuCeilings gpu = impl.device->measure_ceilings().value_or(fusion::GpuCeilings{});
    const auto keep_least = [](double& least, double seconds) {
      least = least > 0 ? std::min(least, seconds) : seconds;
    };
    keep_least(result.dispatch_seconds, gpu.dispatch_seconds);
    keep_least(result.encode_seconds, gpu.encode_seconds);
    keep_least(result.submit_seconds, gpu.submit_seconds);
    return {.bandwidth = gpu.read_bandwidth};
  };
  for (const std::vector<std::string>& kernels : impl.device->kernels_of_token())
    result.dispatches_per_token += static_cast<int64_t>(kernels.size());
  const int n_total = options.n_repetitions * ((options.n_prompt > 0) + (options.n_decode > 0));
  int n_done = 0;
  // Calls `seconds`, which works and tells how long that took, and takes the ceilings in between: those of a
  // repetition are the better ones of before and after. The first time counts for nothing: it touches memory
  // that is new and wakes what sleeps.
  const auto repeat = [&](Rates& rates, int n_tokens, const auto& seconds) {
    Rates bandwidth, int8, f32;
    Ceilings before;
    for (int i = -1; i < options.n_repetitions; ++i) {
      const double taken = seconds();
      const Ceilings after = measure();
      const Ceilings best = better(before, after);
      before = after;
      if (i < 0) continue;
      rates.all.push_back(n_tokens / taken);
      bandwidth.all.push_back(best.bandwidth);
      int8.all.push_back(best.peaks.int8);
      f32.all.push_back(best.peaks.f32);
      if (options.progress) options.progress(++n_done, n_total);
    }
    result.read_bandwidth = bandwidth.median();
    if (result.int8_peak > 0) return;  // the peaks of prefill count, where there is one
    result.int8_peak = int8.median();
    result.f32_peak = f32.median();
  };
  if (options.n_prompt > 0) {
    const auto prefill = [&](const auto& set_up) {
      Streams streams(impl, 1, options.before_batch);
      set_up(streams);
      const Clock::time_point start = Clock::now();
      streams.prefill(options.n_prompt);
      return seconds_since(start);
    };
    repeat(result.prefill, options.n_prompt, [&] { return prefill([](Streams&) {}); });
    if (double seconds = 0; !on_cpu) {
      prefill([&](Streams& streams) { streams.time_on_gpu(&seconds); });
      if (seconds > 0) result.prefill_by_gpu_clock = options.n_prompt / seconds;
    }
    if (fusion::OpTimes times; options.profile) {
      const double seconds = prefill([&](Streams& streams) { streams.profile(times); });
      result.prefill_profile = to_profile(times, seconds);
    }
  }
  if (options.n_decode > 0) {
    Streams streams(impl, options.n_streams, options.before_batch);
    streams.prefill(options.depth);
    result.device_chooses_tokens = streams.device_chooses();
    const auto decode = [&] {
      const Clock::time_point start = Clock::now();
      streams.decode(options.n_decode);
      const double seconds = seconds_since(start);
      streams.truncate(options.depth);
      return seconds;
    };
    const int n_tokens = options.n_decode * options.n_streams;
    repeat(result.decode, n_tokens, decode);
    if (double seconds = 0; !on_cpu) {
      streams.time_on_gpu(&seconds);
      decode();
      streams.time_on_gpu(nullptr);
      if (seconds > 0) result.decode_by_gpu_clock = n_tokens / seconds;
    }
    if (fusion::OpTimes times; options.profile) {
      streams.profile(times);
      const double seconds = decode();
      result.decode_profile = to_profile(times, seconds);
    }
  }
  return result;
}

uint64_t bytes_beyond_caches() {
  return std::max<uint64_t>(uint64_t{128} << 20, 4 * backend::topology().l3_bytes);
}

double measure_read_bandwidth(int n_threads, double seconds, uint64_t n_bytes) {
  backend::ThreadPool pool(n_threads);
  backend::ReadBandwidthMeter meter(pool, n_bytes);
  return meter.measure(seconds);
}

}  // namespace realizar
