#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "realizar/transformer.hpp"

namespace realizar::cli {

/// The messages of a chat.
class Conversation {
 public:
  const std::vector<ChatMessage>& messages() const { return messages_; }

  void add(std::string role, std::string content) {
    messages_.push_back({std::move(role), std::move(content)});
  }
  void remove_last() { messages_.pop_back(); }

  /// Replaces the system message; an empty text removes it.
  void set_system(const std::string& text);

  /// Forgets all but the system message.
  void reset();

  /// Writes a JSON array of {"role", "content"}. Throws `Error` of kind io.
  void save(const std::filesystem::path& path) const;

  /// Reads what `save` writes; the messages there were are gone. Throws `Error`: io, invalid_argument.
  void load(const std::filesystem::path& path);

 private:
  bool has_system() const { return !messages_.empty() && messages_.front().role == "system"; }

  std::vector<ChatMessage> messages_;
};

}  // namespace realizar::cli
