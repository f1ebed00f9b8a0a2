#include "text/vocabulary.hpp"

#include "base/error.hpp"
#include "text/pre_tokenizer_table.hpp"

namespace realizar::text {

Vocabulary default_vocabulary(std::string_view kind, std::string_view pre_tokenizer) {
  Vocabulary v;
  if (kind == "none" || kind == "no_vocab") {
    v.kind = VocabularyKind::none;
  } else if (kind == "llama") {
    v.kind = VocabularyKind::llama;
    v.unknown = 0;
    v.bos = 1;
    v.eos = 2;
    v.add_bos = v.add_space_prefix = true;
  } else if (kind == "gpt2" || kind == "gemma4") {
    v.kind = VocabularyKind::gpt2;
    v.pre_tokenizer = kind == "gemma4" ? "gemma4" : pre_tokenizer.empty() ? "default" : pre_tokenizer;
    const PreTokenizerTraits& traits = pre_tokenizer_traits(v.pre_tokenizer);
    if (kind == "gpt2") {
      v.bos = traits.no_default_bos ? no_token : 11;
      v.eos = 11;
    }
    v.add_bos = traits.add_bos;
  } else if (kind == "bert") {
    v.kind = VocabularyKind::bert;
    v.padding = 0;
    v.unknown = 100;
    v.bos = 101;
    v.separator = 102;
    v.mask = 103;
    v.add_bos = true;
  } else if (kind == "t5") {
    v.kind = VocabularyKind::t5;
    v.padding = 0;
    v.eos = 1;
    v.unknown = 2;
    v.add_eos = true;
  } else {
    fail(ErrorKind::unsupported, "the tokenizer model \"", kind.substr(0, 64),
         "\" is unknown; known are llama, gpt2, gemma4, bert, t5 and none");
  }
  return v;
}

}  // namespace realizar::text
