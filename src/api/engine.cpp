#include "realizar/engine.hpp"

#include <utility>

#include "api/tokenizer.hpp"
#include "api/transformer.hpp"
#include "model/scheduler.hpp"
#include "text/stream_decoder.hpp"

namespace realizar {
namespace {

model::SchedulerOptions scheduler_options(const GGUFTransformer::Impl& model) {
  model::SchedulerOptions options{.n_vocab = model.plan.n_vocab,
                                  .n_context = static_cast<size_t>(model.n_context),
                                  .max_batch_tokens = static_cast<size_t>(model.max_batch_tokens)};
  if (!model.tokenizer) return options;
  const text::Tokenizer& tokenizer = model.tokenizer->impl().tokenizer;
  options.ends_generation = [&tokenizer](int32_t token) { return tokenizer.is_end_of_generation(token); };
  options.token_text = [&tokenizer](int32_t token) { return tokenizer.token_to_piece(token); };
  options.new_decoder = [&tokenizer] {
    const auto decoder = std::make_shared<text::StreamDecoder>(tokenizer);
    return model::TextDecoder{.push = [decoder](int32_t token) { return decoder->push(token); },
                              .finish = [decoder] { return decoder->finish(); }};
  };
  return options;
}

}  // namespace

GenerationStream::GenerationStream(std::shared_ptr<model::Generation> generation)
    : generation_(std::move(generation)) {}
void GenerationStream::cancel() { generation_->cancel(); }
bool GenerationStream::done() const { return generation_->done(); }
const GenerationResult& GenerationStream::result() const { return generation_->result(); }

struct Engine::Impl {
  explicit Impl(GGUFTransformer loaded)
      : model(std::move(loaded)),
        scheduler(*model.impl().device, *model.impl().pages, scheduler_options(model.impl())) {
    model.impl().evaluator->forget();  // the scheduler counts on all pages
  }

  GGUFTransformer model;
  model::Scheduler scheduler;
};

Engine::Engine(GGUFTransformer model) : impl_(std::make_unique<Impl>(std::move(model))) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

GenerationStream Engine::submit(GenerationRequest request) {
  return GenerationStream(impl_->scheduler.submit(std::move(request)));
}

bool Engine::step() { return impl_->scheduler.step(); }

const GenerationResult& Engine::wait(const GenerationStream& stream) {
  return impl_->scheduler.finish(*stream.generation_);
}

GenerationResult Engine::generate(GenerationRequest request) { return wait(submit(std::move(request))); }

const GGUFTransformer& Engine::model() const { return impl_->model; }

}  // namespace realizar
