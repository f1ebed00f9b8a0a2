#pragma once

#include <string>

#include "fixtures/recipe.hpp"
#include "shapes/mix.hpp"

namespace realizar::test {

/// Writes a model of that shape (of Recipe, sizes and tensors; its `type` and scales are not used): random
/// matrices of deviation 0.02 in the formats of the mix, and a vocabulary of bytes. It takes memory for the
/// largest tensor of each format. Throws `Error` of kind io.
void write_shape(const Recipe& shape, const Mix& mix, const std::string& path);

}  // namespace realizar::test
