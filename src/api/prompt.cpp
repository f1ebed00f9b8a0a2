#include "api/tokenizer.hpp"
#include "api/transformer.hpp"
#include "base/error.hpp"
#include "text/chat_template.hpp"
#include "text/template/value.hpp"

// From what users write to the ids that a model continues.
namespace realizar {
namespace {

/// Templates often write BOS themselves.
std::vector<int32_t> with_bos(const Tokenizer& tokenizer, std::vector<int32_t> ids) {
  if (tokenizer.wants_bos() && (ids.empty() || ids.front() != tokenizer.bos()))
    ids.insert(ids.begin(), tokenizer.bos());
  return ids;
}

}  // namespace

std::vector<int32_t> GGUFTransformer::encode_prompt(std::string_view text) const {
  return with_bos(tokenizer(), tokenizer().encode(text, {.parse_special = true}));
}

std::string GGUFTransformer::render_chat(std::span<const ChatMessage> messages) const {
  using text::jinja::Value;
  require(has_chat_template(), ErrorKind::unsupported, impl_->file.gguf().source(),
          " holds no chat template: write the prompt as the model wants it, without one");
  std::vector<Value> turns;
  for (const ChatMessage& message : messages)
    turns.push_back(text::jinja::make_dict({{"role", message.role}, {"content", message.content}}));
  std::vector<text::jinja::Dict::Entry> variables = {{"messages", Value::list(std::move(turns))},
                                                     {"add_generation_prompt", true}};
  const text::Tokenizer& vocabulary = tokenizer().impl().tokenizer;
  for (const auto& [name, id] :
       {std::pair("bos_token", vocabulary.bos()), std::pair("eos_token", vocabulary.eos())})
    if (id >= 0) variables.emplace_back(name, vocabulary.token_text(id));
  return text::ChatTemplate(*impl_->chat_template).render(text::jinja::make_dict(std::move(variables)));
}

std::vector<int32_t> GGUFTransformer::encode_chat(std::span<const ChatMessage> messages) const {
  return encode_prompt(render_chat(messages));
}

}  // namespace realizar
