#pragma once

#include "realizar/tokenizer.hpp"
#include "text/tokenizer.hpp"

namespace realizar {

struct Tokenizer::Impl {
  text::Tokenizer tokenizer;
};

}  // namespace realizar
