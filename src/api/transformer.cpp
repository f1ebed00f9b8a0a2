#include "api/transformer.hpp"

#include <utility>

#include "base/error.hpp"
#include "formats/gguf_summary.hpp"
#include "model/sampler.hpp"
#include "model/traffic.hpp"

namespace realizar {

GGUFTransformer::GGUFTransformer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GGUFTransformer::~GGUFTransformer() = default;
GGUFTransformer::GGUFTransformer(GGUFTransformer&&) noexcept = default;
GGUFTransformer& GGUFTransformer::operator=(GGUFTransformer&&) noexcept = default;

void GGUFTransformer::forward(std::span<const int32_t> tokens, size_t first,
                              const std::function<void(size_t i, std::span<const float> logits)>& row) {
  require(tokens.size() <= static_cast<size_t>(n_context()), ErrorKind::limit_exceeded, "there are ",
          tokens.size(), " tokens, and the context has ", n_context(),
          " positions: give fewer, or load the model with a larger context");
  impl_->evaluator->evaluate(tokens, first, row);
}

std::vector<float> GGUFTransformer::forward(std::span<const int32_t> tokens) {
  std::vector<float> logits;
  logits.reserve(tokens.size() * static_cast<size_t>(n_vocab()));
  forward(tokens, 0,
          [&](size_t, std::span<const float> row) { logits.insert(logits.end(), row.begin(), row.end()); });
  return logits;
}

int32_t GGUFTransformer::predict_next(std::span<const int32_t> tokens) {
  model::Sampler greedy(SamplerSettings{.temperature = 0});
  int32_t next = 0;
  forward(tokens, tokens.empty() ? 0 : tokens.size() - 1,
          [&](size_t, std::span<const float> logits) { next = greedy.sample(logits); });
  return next;
}

bool GGUFTransformer::has_tokenizer() const { return impl_->tokenizer.has_value(); }

const Tokenizer& GGUFTransformer::tokenizer() const {
  require(has_tokenizer(), ErrorKind::unsupported, impl_->file.gguf().source(),
          " holds no vocabulary: the model runs on token ids only");
  return *impl_->tokenizer;
}

bool GGUFTransformer::has_chat_template() const { return impl_->chat_template.has_value(); }
std::string GGUFTransformer::name() const { return std::string(formats::summarize(impl_->file.gguf()).name); }
uint64_t GGUFTransformer::n_parameters() const { return formats::summarize(impl_->file.gguf()).parameters; }
const ModelShape& GGUFTransformer::shape() const { return impl_->shape; }
int32_t GGUFTransformer::n_vocab() const { return impl_->plan.n_vocab; }
int GGUFTransformer::n_context() const { return impl_->n_context; }
int GGUFTransformer::n_threads() const { return impl_->n_threads; }
std::string GGUFTransformer::device() const { return on_gpu() ? impl_->device->gpu() : "CPU"; }
bool GGUFTransformer::on_gpu() const { return !impl_->device->gpu().empty(); }
double GGUFTransformer::load_seconds() const { return impl_->load_seconds; }

MemoryEstimate GGUFTransformer::memory() const {
  const fusion::DeviceMemory memory = impl_->device->memory();
  return {.n_context = n_context(),
          .weights = memory.weights,
          .kv_cache = memory.kv_pages,
          .activations = memory.activations};
}

uint64_t GGUFTransformer::bytes_per_token(int n_positions) const {
  return model::weight_bytes_per_token(impl_->plan) +
         model::kv_bytes_per_token(impl_->plan, impl_->kv_type, n_positions);
}

}  // namespace realizar
