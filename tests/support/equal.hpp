#pragma once

#include <algorithm>
#include <functional>
#include <iterator>

namespace realizar::test {

/// std::ranges::equal, which libc++ 13 (emscripten's of Debian 12) lacks.
template <class A, class B, class Same = std::equal_to<>>
bool equal(const A& a, const B& b, Same same = {}) {
  return std::equal(std::begin(a), std::end(a), std::begin(b), std::end(b), same);
}

}  // namespace realizar::test
