#include "text/special_tokens.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>

namespace realizar::text {

namespace {

// Texts that published vocabularies end a turn or a generation with, whatever their files say.
constexpr std::string_view end_texts[] = {"<|eot_id|>",
                                          "<|im_end|>",
                                          "<|end|>",
                                          "<|return|>",
                                          "<|call|>",
                                          "<|flush|>",
                                          "<|calls|>",
                                          "<end_of_turn>",
                                          "<|endoftext|>",
                                          "</s>",
                                          "<|eom_id|>",
                                          "<EOT>",
                                          "_<EOT>",
                                          "[EOT]",
                                          "[EOS]",
                                          "<|end_of_text|>",
                                          "<end_of_utterance>",
                                          "<eos>",
                                          "<turn|>",
                                          "<|tool_response>",
                                          "<\xEF\xBD\x9C"
                                          "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>",
                                          "[e~["};
constexpr std::string_view fim_padding_texts[] = {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"};
constexpr std::string_view fim_repository_texts[] = {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>",
                                                     "<reponame>"};
constexpr std::string_view fim_separator_texts[] = {"<|file_sep|>"};
// Control tokens that show in the text of a generation (gpt-oss).
constexpr std::string_view shown_texts[] = {"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"};

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

}  // namespace

SpecialTokens::SpecialTokens(const Vocabulary& vocabulary, const TokenIndex& index) {
  attributes_.reserve(vocabulary.tokens.size());
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const TokenType type = vocabulary.types.empty() ? TokenType::normal : vocabulary.types[i];
    attributes_.push_back({.normal = type == TokenType::normal,
                           .unknown = type == TokenType::unknown,
                           .control = type == TokenType::control,
                           .user_defined = type == TokenType::user_defined,
                           .byte = type == TokenType::byte,
                           .strip_left = false,
                           .strip_right = false});
  }
  mend(vocabulary, index);
  searched_ = PrefixIndex(searched(vocabulary, attributes_));
  set_stripping(vocabulary, index);
}

void SpecialTokens::mend(const Vocabulary& vocabulary, const TokenIndex& index) {
  const auto attributes = [&](std::int32_t id) -> TokenAttributes& {
    return attributes_[static_cast<std::size_t>(id)];
  };
  const auto add_known = [&](std::int32_t given, const auto& texts) {
    if (given != no_token) return add_end(given);
    for (const std::string_view text : texts) {
      const std::int32_t id = index.find(text);
      if (id == no_token) continue;
      attributes(id).control = true;
      return add_end(id);
    }
  };
  add_known(vocabulary.fim_padding, fim_padding_texts);
  add_known(vocabulary.fim_repository, fim_repository_texts);
  add_known(vocabulary.fim_separator, fim_separator_texts);
  for (const std::string_view text : end_texts) {
    const std::int32_t id = index.find(text);
    if (id == no_token) continue;
    attributes(id).control = true;
    add_end(id);
  }
  for (const std::string_view text : shown_texts) {
    const std::int32_t id = index.find(text);
    if (id != no_token) attributes(id) = {.user_defined = true};
  }
  for (const std::int32_t id : {vocabulary.eos, vocabulary.eot, vocabulary.eom})
    if (id != no_token) add_end(id);

  const auto ends = [&](std::string_view text) {
    const std::int32_t id = index.find(text);
    return id != no_token && ends_generation(id);
  };
  // gpt-oss and Solar end a message, but not the turn, with <|end|>.
  if (ends("<|end|>") && ((ends("<|return|>") && (ends("<|call|>") || ends("<|calls|>"))) ||
                          (ends("<|flush|>") && (ends("<|call|>") || ends("<|calls|>"))))) {
    const std::int32_t id = index.find("<|end|>");
    attributes(id) = {.user_defined = true};
    remove_end(id);
  }
  // </s> of Gemma 4 is a mark of HTML.
  if (ends("</s>") && ends("<|tool_response>")) {
    const std::int32_t id = index.find("</s>");
    attributes(id) = {.normal = true};
    remove_end(id);
  }
}

void SpecialTokens::set_stripping(const Vocabulary& vocabulary, const TokenIndex& index) {
  const auto find = [&](std::string_view text) -> TokenAttributes* {
    const std::int32_t id = index.find(text);
    return id == no_token ? nullptr : &attributes_[static_cast<std::size_t>(id)];
  };
  std::string name = vocabulary.model_name;
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (contains_any(vocabulary.pre_tokenizer, {"jina-v2-de", "jina-v2-es", "jina-v2-code"}) ||
      contains_any(vocabulary.architecture, {"nomic-bert-moe", "jina-bert-v3"})) {
    if (TokenAttributes* mask = find("<mask>")) mask->strip_left = true;
  } else if (contains_any(name, {"phi-3", "phi3"})) {
    for (TokenAttributes& token : attributes_)
      if (token.special() || token.user_defined) token.strip_right = true;
    if (TokenAttributes* end = find("</s>")) end->strip_right = true;
    for (const std::string_view text : {"<unk>", "<s>", "<|endoftext|>"})
      if (TokenAttributes* token = find(text)) token->strip_right = false;
  } else if (contains_any(name, {"modern-bert"})) {
    if (TokenAttributes* mask = find("[MASK]")) mask->strip_left = true;
  }
}

void SpecialTokens::add_end(std::int32_t id) {
  const auto place = std::lower_bound(end_of_generation_.begin(), end_of_generation_.end(), id);
  if (place == end_of_generation_.end() || *place != id) end_of_generation_.insert(place, id);
}

void SpecialTokens::remove_end(std::int32_t id) { std::erase(end_of_generation_, id); }

bool SpecialTokens::ends_generation(std::int32_t id) const {
  return std::binary_search(end_of_generation_.begin(), end_of_generation_.end(), id);
}

std::vector<PrefixIndex::Entry> SpecialTokens::searched(const Vocabulary& vocabulary,
                                                        const std::vector<TokenAttributes>& attributes) {
  std::vector<PrefixIndex::Entry> found;
  for (std::size_t i = vocabulary.tokens.size(); i-- > 0;)
    if (attributes[i].special() || attributes[i].user_defined)
      found.push_back({vocabulary.tokens[i], static_cast<std::int32_t>(i)});
  return found;
}

std::vector<SpecialTokens::Fragment> SpecialTokens::partition(std::string_view text,
                                                              bool parse_special) const {
  struct Occurrence {
    std::size_t begin, length;
    std::int32_t id;
  };
  std::vector<Occurrence> occurrences;
  for (std::size_t i = 0; i < text.size(); ++i)
    searched_.for_each_prefix(text.substr(i), [&](std::size_t length, std::int32_t id) {
      if (parse_special || !attributes(id).special()) occurrences.push_back({i, length, id});
    });
  if (occurrences.empty()) {
    if (text.empty()) return {};
    return {{text, no_token}};
  }
  std::stable_sort(occurrences.begin(), occurrences.end(), [](const Occurrence& a, const Occurrence& b) {
    if (a.length != b.length) return a.length > b.length;
    return a.id != b.id ? a.id < b.id : a.begin < b.begin;
  });
  // Longer tokens are placed first, so one that overlaps what is taken has its first or its last byte there.
  std::vector<bool> taken(text.size());
  std::vector<Occurrence> placed;
  for (const Occurrence& o : occurrences) {
    const std::size_t end = o.begin + o.length;
    if (taken[o.begin] || taken[end - 1]) continue;
    std::fill(taken.begin() + static_cast<std::ptrdiff_t>(o.begin),
              taken.begin() + static_cast<std::ptrdiff_t>(end), true);
    if (attributes(o.id).strip_left)
      for (std::size_t i = o.begin; i > 0 && !taken[i - 1] && is_space(text[i - 1]); --i) taken[i - 1] = true;
    if (attributes(o.id).strip_right)
      for (std::size_t i = end; i < text.size() && !taken[i] && is_space(text[i]); ++i) taken[i] = true;
    placed.push_back(o);
  }
  std::sort(placed.begin(), placed.end(),
            [](const Occurrence& a, const Occurrence& b) { return a.begin < b.begin; });
  std::vector<Fragment> fragments;
  const auto add_text = [&](std::size_t begin, std::size_t end) {
    while (begin < end && taken[begin]) ++begin;
    while (end > begin && taken[end - 1]) --end;
    if (begin < end) fragments.push_back({text.substr(begin, end - begin), no_token});
  };
  std::size_t at = 0;
  for (const Occurrence& o : placed) {
    add_text(at, o.begin);
    fragments.push_back({{}, o.id});
    at = o.begin + o.length;
  }
  add_text(at, text.size());
  return fragments;
}

}  // namespace realizar::text
