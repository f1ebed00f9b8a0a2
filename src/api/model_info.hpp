#pragma once

#include <string_view>

#include "formats/gguf.hpp"
#include "realizar/model_info.hpp"

namespace realizar {

/// The key of a model's chat template.
inline constexpr const char* chat_template_key = "tokenizer.chat_template";

/// What the metadata and the embedding of a file say, unchecked: 0 where they say nothing.
ModelShape read_shape(const formats::Gguf& gguf, std::string_view architecture);

/// The positions that options ask for a model of this shape.
int choose_context(const LoadOptions& options, const ModelShape& shape);

}  // namespace realizar
