#include "realizar/chat_template.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "api/model_info.hpp"
#include "base/error.hpp"
#include "formats/gguf_file.hpp"
#include "text/chat_template.hpp"

namespace realizar {
namespace {

constexpr std::string_view magic(formats::gguf_magic, sizeof formats::gguf_magic);

std::string read_source(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  require(file.good(), ErrorKind::io, "cannot open ", path.string(), ": ", std::strerror(errno));
  std::string start(magic.size(), '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<size_t>(file.gcount()));
  if (start == magic) {
    const formats::GgufFile gguf_file = formats::GgufFile::open(path.string());
    require(gguf_file.gguf().find(chat_template_key), ErrorKind::unsupported, path.string(),
            " holds no chat template (key ", chat_template_key, ")");
    return std::string(gguf_file.gguf().get_string(chat_template_key));
  }
  file.clear(file.rdstate() & ~(std::ios::failbit | std::ios::eofbit));
  start.append(std::istreambuf_iterator<char>(file), {});
  require(!file.bad(), ErrorKind::io, "cannot read ", path.string());
  return start;
}

}  // namespace

ChatTemplate::ChatTemplate(std::string source) : source_(std::move(source)) {
  const text::ChatTemplate parsed(source_);  // says now what is wrong with it
}

ChatTemplate ChatTemplate::load(const std::filesystem::path& path) { return ChatTemplate(read_source(path)); }

std::string ChatTemplate::render(std::string_view variables_json) const {
  return text::render_template(source_, variables_json);
}

}  // namespace realizar
