#pragma once

#include "formats/gguf.hpp"
#include "text/vocabulary.hpp"

namespace realizar::model {

/// The vocabulary in a file's `tokenizer.ggml.*` metadata; of kind none where the file has none. Throws
/// `Error` of kind invalid_file that names the key, or unsupported for an unknown tokenizer or pre-tokenizer.
text::Vocabulary vocabulary_from_gguf(const formats::Gguf& gguf);

}  // namespace realizar::model
