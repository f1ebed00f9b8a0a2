// The only file that knows PCRE2.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regular_expression.hpp"

#include <pcre2.h>

#include <cstdint>
#include <limits>

#include "base/error.hpp"

namespace realizar::text {

namespace {

constexpr std::uint32_t heap_limit_kib = 64 * 1024;

}  // namespace

struct RegularExpression::Code {
  pcre2_code* compiled;
  explicit Code(pcre2_code* code) : compiled(code) {}
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(compiled); }
};

RegularExpression::RegularExpression(std::string_view pattern) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* compiled = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                       PCRE2_DOLLAR_ENDONLY, &error, &offset, nullptr);
  if (compiled == nullptr) {
    char reason[128] = "";
    pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(reason), sizeof reason);
    fail(ErrorKind::internal, "regular expression: ", reason, " at offset ", offset, " of ", pattern);
  }
  code_ = std::make_unique<Code>(compiled);
  // Without the just-in-time compiler the same matches are found by interpreting.
  pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);
}

RegularExpression::~RegularExpression() = default;
RegularExpression::RegularExpression(RegularExpression&&) noexcept = default;
RegularExpression& RegularExpression::operator=(RegularExpression&&) noexcept = default;

struct RegularExpression::Matcher::State {
  const pcre2_code* code;
  pcre2_match_data* data;
  pcre2_match_context* context;
};

RegularExpression::Matcher::Matcher(const RegularExpression& expression) : state_(std::make_unique<State>()) {
  state_->code = expression.code_->compiled;
  state_->data = pcre2_match_data_create(1, nullptr);
  state_->context = pcre2_match_context_create(nullptr);
  if (state_->data == nullptr || state_->context == nullptr) {
    pcre2_match_data_free(state_->data);
    pcre2_match_context_free(state_->context);
    fail(ErrorKind::out_of_memory, "regular expression: no memory to match with");
  }
  pcre2_set_heap_limit(state_->context, heap_limit_kib);
}

RegularExpression::Matcher::~Matcher() {
  pcre2_match_data_free(state_->data);
  pcre2_match_context_free(state_->context);
}

RegularExpression::Result RegularExpression::Matcher::find(std::string_view subject, std::size_t start,
                                                           Match& match) {
  // A pattern that backtracks over the whole subject once is in order; one that does so at every byte is not.
  constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
  const std::size_t steps = 1'000'000 + 8 * (subject.size() - start);
  pcre2_set_match_limit(state_->context, static_cast<std::uint32_t>(steps < most ? steps : most));
  const auto run = [&](std::uint32_t options) {
    return pcre2_match(state_->code, reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(), start,
                       options, state_->data, state_->context);
  };
  int result = run(0);
  if (result == PCRE2_ERROR_JIT_STACKLIMIT) result = run(PCRE2_NO_JIT);
  if (result == PCRE2_ERROR_NOMATCH) return Result::no_match;
  if (result < 0) return Result::limit_reached;
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(state_->data);
  match = {bounds[0], bounds[1]};
  return Result::match;
}

}  // namespace realizar::text
