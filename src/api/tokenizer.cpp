#include "api/tokenizer.hpp"

#include <utility>

#include "base/error.hpp"
#include "formats/gguf_file.hpp"
#include "model/vocabulary.hpp"

namespace realizar {

Tokenizer::Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Tokenizer Tokenizer::load(const std::filesystem::path& path) {
  const formats::GgufFile file = formats::GgufFile::open(path.string());
  text::Vocabulary vocabulary = model::vocabulary_from_gguf(file.gguf());
  require(!vocabulary.tokens.empty(), ErrorKind::unsupported, path.string(), " holds no vocabulary");
  return Tokenizer(std::make_shared<const Impl>(Impl{text::Tokenizer(std::move(vocabulary))}));
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  return impl_->tokenizer.encode(text, {options.parse_special, options.add_special});
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool with_special) const {
  return impl_->tokenizer.decode(ids, with_special);
}

int32_t Tokenizer::size() const { return static_cast<int32_t>(impl_->tokenizer.n_tokens()); }
int32_t Tokenizer::bos() const { return impl_->tokenizer.bos(); }
int32_t Tokenizer::eos() const { return impl_->tokenizer.eos(); }
bool Tokenizer::wants_bos() const { return impl_->tokenizer.add_bos() && bos() >= 0; }
bool Tokenizer::ends_generation(int32_t id) const { return impl_->tokenizer.is_end_of_generation(id); }

}  // namespace realizar
