#pragma once

#include <string>
#include <vector>

#include "fixtures/recipe.hpp"

namespace realizar::test {

/// The sizes of models that people run, under the names of their files, and of two mixtures of experts.
const std::vector<Recipe>& shapes();

/// Throws `Error` of kind invalid_argument for a name that is none of theirs.
const Recipe& shape_named(const std::string& name);

}  // namespace realizar::test
