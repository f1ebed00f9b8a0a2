#include "gpu/plan/token_chooser.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.hpp"
#include "base/math.hpp"
#include "base/quotient.hpp"
#include "gpu/plan/batch_recording.hpp"
#include "gpu/webgpu/kernel_sources.hpp"

namespace realizar::gpu {

using webgpu::Access;
using webgpu::Binding;

namespace {

constexpr int64_t at_once = 1024;           // candidates that a workgroup looks at
constexpr uint64_t candidate_bytes = 8;     // key and token
constexpr int kept_sizes[] = {1, 64, 256};  // what the kernel is compiled for

/// A row of choose_token.wgsl.
struct Choice {
  uint32_t top_k, min_keep;
  float top_p, log_min_p, temperature, random;

  explicit Choice(const fusion::TokenChoice& choice)
      : top_k(static_cast<uint32_t>(choice.top_k)),
        min_keep(static_cast<uint32_t>(choice.min_keep)),
        top_p(choice.top_p),
        log_min_p(choice.min_p > 0 ? static_cast<float>(portable_log(choice.min_p))
                                   : std::numeric_limits<float>::lowest()),
        temperature(choice.temperature),
        random(std::min(static_cast<float>(choice.random), std::nextafter(1.0f, 0.0f))) {}
};

}  // namespace

TokenChooser::TokenChooser(const webgpu::Device& device, GpuBufferPool& pool, webgpu::KernelCache& kernels,
                           int n_vocab, int max_rows)
    : device_(device),
      pool_(pool),
      kernels_(kernels),
      n_vocab_(n_vocab),
      choices_(pool.acquire(static_cast<uint64_t>(max_rows) * sizeof(Choice))),
      tokens_(pool.acquire(static_cast<uint64_t>(max_rows) * sizeof(int32_t))) {}

int TokenChooser::kept_for(std::span<const fusion::TokenChoice> choices) {
  int most = 0;
  for (const fusion::TokenChoice& choice : choices) most = std::max(most, choice.top_k);
  require(most <= most_candidates, ErrorKind::invalid_argument, "a token is to be chosen among ", most,
          " candidates, and the GPU keeps ", most_candidates, " at most");
  return most == 0 ? 0 : *std::lower_bound(std::begin(kept_sizes), std::end(kept_sizes), most);
}

int64_t TokenChooser::n_left(int64_t n, int kept) { return quotient_up(n, at_once) * kept; }

bool TokenChooser::reserve(int64_t n_rows, int kept) {
  bool grew = false;
  int64_t n = n_vocab_;
  for (GpuBuffer& candidates : candidates_) {
    n = n_left(n, kept);
    const uint64_t bytes = static_cast<uint64_t>(n_rows * n) * candidate_bytes;
    if (bytes <= candidates.bytes()) continue;
    candidates = pool_.acquire(bytes);
    grew = true;
  }
  return grew;
}

void TokenChooser::send(std::span<const fusion::TokenChoice> choices) {
  const std::vector<Choice> rows(choices.begin(), choices.end());
  device_.write(choices_.get(), 0, std::as_bytes(std::span(rows)));
}

void TokenChooser::record(webgpu::Recording& recording, const Binding& logits, int64_t n_rows, int kept) {
  struct {
    uint32_t n, n_kept;
  } arguments{};
  Binding input = logits;
  int64_t n = n_vocab_;
  for (int level = 0; level == 0 || n > kept; ++level) {
    const int64_t left = n_left(n, kept);
    arguments = {static_cast<uint32_t>(n), static_cast<uint32_t>(left)};
    const Binding output = candidates_[level % 2].binding();
    recording.dispatch(kernel("first_candidates", constant("of_logits", level == 0) + constant("kept", kept),
                              {Access::read, Access::write}, sizeof(arguments)),
                       {input, output}, arguments,
                       {static_cast<uint32_t>(left / kept), static_cast<uint32_t>(n_rows), 1});
    input = output;
    n = left;
  }
  const Binding bindings[] = {input, choices_.binding(), tokens_.binding()};
  recording.dispatch(
      kernel("choose_token", constant("kept", kept), {Access::read, Access::read, Access::write}, 0),
      bindings, {}, {static_cast<uint32_t>(n_rows), 1, 1});
}

uint64_t TokenChooser::bytes() const {
  return choices_.bytes() + tokens_.bytes() + candidates_[0].bytes() + candidates_[1].bytes();
}

const webgpu::Kernel& TokenChooser::kernel(const char* name, const std::string& constants,
                                           std::vector<Access> bindings, uint32_t argument_bytes) {
  std::string text;
  return kernels_.get(concat(name, " ", constants), [&] {
    text = concat(constants, webgpu::kernel_source(name));
    return webgpu::KernelSource{
        .name = name, .source = text, .bindings = std::move(bindings), .argument_bytes = argument_bytes};
  });
}

}  // namespace realizar::gpu
