#include "cli/conversation.hpp"

#include <nlohmann/json.hpp>

#include "cli/files.hpp"
#include "realizar/error.hpp"

namespace realizar::cli {

using Json = nlohmann::ordered_json;

void Conversation::set_system(const std::string& text) {
  if (has_system()) messages_.erase(messages_.begin());
  if (!text.empty()) messages_.insert(messages_.begin(), {"system", text});
}

void Conversation::reset() { messages_.erase(messages_.begin() + (has_system() ? 1 : 0), messages_.end()); }

void Conversation::save(const std::filesystem::path& path) const {
  Json json = Json::array();
  for (const ChatMessage& message : messages_)
    json.push_back({{"role", message.role}, {"content", message.content}});
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  OutputFile file(path);
  file.write(text.data(), text.size());
  file.finish();
}

void Conversation::load(const std::filesystem::path& path) {
  const Json json = Json::parse(read_all(path), nullptr, /*allow_exceptions=*/false);
  std::vector<ChatMessage> messages;
  bool good = json.is_array();
  for (size_t i = 0; good && i < json.size(); ++i) {
    const auto is_text = [&](const char* key) {
      return json[i].is_object() && json[i].contains(key) && json[i][key].is_string();
    };
    good = is_text("role") && is_text("content");
    if (good) messages.push_back({json[i]["role"], json[i]["content"]});
  }
  if (!good)
    throw Error(ErrorKind::invalid_argument,
                path.string() + " holds no conversation: a JSON array of {\"role\": ..., \"content\": ...}");
  messages_ = std::move(messages);
}

}  // namespace realizar::cli
