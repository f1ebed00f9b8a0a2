#include <utility>

#include "api/model_info.hpp"
#include "api/options.hpp"
#include "api/tokenizer.hpp"
#include "api/transformer.hpp"
#include "backend/topology.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "model/model.hpp"
#include "model/vocabulary.hpp"

namespace realizar {
namespace {

void check(const LoadOptions& options) {
  require_at_least("n_threads", options.n_threads, 0);
  require_at_least("n_context", options.n_context, 0);
  require_at_least("n_streams", options.n_streams, 1);
  require_at_least("max_batch_tokens", options.max_batch_tokens, 1);
  require_at_least("n_gpu_layers", options.n_gpu_layers, -1);
}

/// Learned positions end where their table ends.
void check_context(const fusion::Plan& plan, int n_context) {
  for (const fusion::Op& op : plan.ops)
    if (const auto* positions = std::get_if<fusion::AddPositionEmbedding>(&op)) {
      const fusion::Weight& table = plan.weight(positions->table);
      require(n_context <= table.n_rows, ErrorKind::invalid_argument, "a context of ", n_context,
              " positions is more than the ", table.n_rows, " that '", table.name,
              "' has embeddings for: ask for fewer");
    }
}

}  // namespace

GGUFTransformer load_transformer(formats::GgufFile file, const LoadOptions& options,
                                 const DeviceFactory& make_device) {
  const Clock::time_point start = Clock::now();
  check(options);
  auto impl = std::make_unique<GGUFTransformer::Impl>(GGUFTransformer::Impl{.file = std::move(file)});
  const formats::Gguf& gguf = impl->file.gguf();
  impl->shape = read_shape(gguf, gguf.get_string("general.architecture"));
  model::Model model = model::load_model(gguf, {.n_context = options.n_context});
  impl->shape.n_context_train = model.hyperparameters.n_context;
  impl->n_context = choose_context(options, impl->shape);
  require(impl->n_context > 0, ErrorKind::invalid_argument, gguf.source(),
          " does not say for how many positions it was trained: give a context, as by --context 4096");
  check_context(model.plan, impl->n_context);
  impl->plan = std::move(model.plan);
  impl->n_threads = options.n_threads > 0 ? options.n_threads : backend::topology().physical_cores;
  impl->max_batch_tokens = options.max_batch_tokens;
  impl->arithmetic = to_fusion(options.arithmetic);
  impl->kv_type = to_fusion(options.kv_type);

  if (text::Vocabulary vocabulary = model::vocabulary_from_gguf(gguf); !vocabulary.tokens.empty())
    impl->tokenizer.emplace(
        std::make_shared<const Tokenizer::Impl>(Tokenizer::Impl{text::Tokenizer(std::move(vocabulary))}));
  if (gguf.find(chat_template_key)) impl->chat_template.emplace(gguf.get_string(chat_template_key));

  const auto pages_per_stream =
      (static_cast<int64_t>(impl->n_context) + fusion::page_positions - 1) / fusion::page_positions;
  const int64_t n_pages = pages_per_stream * options.n_streams;
  require(n_pages <= INT32_MAX, ErrorKind::invalid_argument, options.n_streams, " streams of ",
          impl->n_context, " positions are more than a cache can hold");
  impl->device =
      make_device(impl->plan,
                  {.n_threads = impl->n_threads,
                   .arithmetic = impl->arithmetic,
                   .kv_type = impl->kv_type,
                   .max_batch_tokens = options.max_batch_tokens,
                   .gpu_memory_limit = options.gpu_memory_limit,
                   .progress = options.progress},
                  [source = &impl->file](std::span<const std::byte> bytes) { source->drop(bytes); });
  impl->device->reserve_kv(static_cast<int>(n_pages));
  impl->pages = std::make_unique<model::KvPages>(static_cast<int32_t>(n_pages));
  impl->evaluator = std::make_unique<model::Evaluator>(*impl->device, *impl->pages, impl->plan.n_vocab,
                                                       static_cast<size_t>(options.max_batch_tokens));
  impl->load_seconds = seconds_since(start);
  return GGUFTransformer(std::move(impl));
}

GGUFTransformer load_transformer(const std::filesystem::path& path, const LoadOptions& options,
                                 const DeviceFactory& make_device) {
  const Clock::time_point start = Clock::now();
  GGUFTransformer model = load_transformer(formats::GgufFile::open(path.string()), options, make_device);
  model.impl().load_seconds = seconds_since(start);
  return model;
}

}  // namespace realizar
