#include "formats/gguf_parser.hpp"

#include <algorithm>
#include <bit>
#include <optional>

#include "base/checked.hpp"
#include "base/error.hpp"
#include "formats/name_index.hpp"

namespace realizar::formats {
namespace {

constexpr uint64_t longest_key = 65535;        // by the specification
constexpr uint64_t longest_tensor_name = 255;  // the specification says 64; some tools write up to 127
constexpr uint32_t most_dimensions = 4;
// Beyond a page no alignment helps; the limit keeps the sums of offsets far from wrapping.
constexpr uint64_t smallest_alignment = 8, largest_alignment = 1 << 20;

constexpr uint64_t header_bytes = 4 + 4 + 8 + 8;                   // magic, version, two counts
constexpr uint64_t smallest_metadata_bytes = 8 + 1 + 4 + 1;        // a key of one byte and a u8
constexpr uint64_t smallest_tensor_bytes = 8 + 1 + 4 + 8 + 4 + 8;  // a name of one byte and one dimension

// What is being read and where it begins, for errors: by its name, or its number until the name is read.
struct Item {
  const char* kind = "";
  std::string_view name{};
  uint64_t offset = 0, index = 0, count = 0;
};

/// Thrown where the header goes on behind the bytes at hand.
struct NotAtHand {};

class Parser {
 public:
  Parser(std::span<const std::byte> bytes, uint64_t n_bytes, const std::string& source)
      : bytes_(bytes), n_bytes_(n_bytes), source_(source) {}

  GgufContents parse() {
    read_header();
    for (uint64_t i = 0; i < metadata_count_; ++i) read_metadata(i);
    for (uint64_t i = 0; i < tensor_count_; ++i) read_tensor(i);
    check_duplicates();
    contents_.data_offset = align_up(at_);
    for (TensorInfo& tensor : contents_.tensors) place(tensor);
    check_overlap();
    return std::move(contents_);
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail_here(ErrorKind kind, const Parts&... parts) const {
    fail(kind, source_, ": ", item_text(), " at offset ", item_.offset, " ", parts...);
  }

  std::string item_text() const {
    if (!item_.name.empty()) return concat(item_.kind, " ", quoted(item_.name));
    return item_.count ? concat(item_.kind, " ", item_.index + 1, " of ", item_.count) : item_.kind;
  }

  template <class... Parts>
  void check(bool condition, const Parts&... parts) const {
    if (!condition) [[unlikely]]
      fail_here(ErrorKind::invalid_file, parts...);
  }

  uint64_t left() const { return n_bytes_ - at_; }

  /// The next bytes of the file; `what` says what they were to be.
  const std::byte* take(uint64_t count, const char* what) {
    check(count <= left(), "is cut short: its ", what, " takes ", count, " bytes at offset ", at_,
          ", and the file ends after ", left());
    if (count > bytes_.size() - at_) throw NotAtHand{};
    const std::byte* address = bytes_.data() + at_;
    at_ += count;
    return address;
  }

  template <class T>
  T read(const char* what) {
    return load_value<T>(take(sizeof(T), what));
  }

  std::string_view read_string(const char* what) {
    const uint64_t length = read<uint64_t>(what);
    return {reinterpret_cast<const char*>(take(length, what)), static_cast<size_t>(length)};
  }

  void read_header() {
    item_ = {.kind = "the header"};
    const size_t magic_bytes = std::min(bytes_.size(), sizeof gguf_magic);
    if (bytes_.empty() || std::memcmp(bytes_.data(), gguf_magic, magic_bytes) != 0)
      fail(ErrorKind::invalid_file, source_, ": this is no GGUF file: at offset 0 stands ",
           quoted({reinterpret_cast<const char*>(bytes_.data()), magic_bytes}), " in place of 'GGUF'");
    check(n_bytes_ >= header_bytes, "is cut short: it takes ", header_bytes, " bytes, and the file has ",
          n_bytes_);
    at_ = sizeof gguf_magic;
    contents_.version = read<uint32_t>("version");
    if ((contents_.version & 0xffff) == 0 && contents_.version != 0)
      fail(ErrorKind::unsupported, source_, ": the file is big-endian (its version at offset 4 reads ",
           contents_.version, "); convert it to little-endian");
    require(contents_.version == 2 || contents_.version == gguf_newest_version, ErrorKind::unsupported,
            source_, ": GGUF version ", contents_.version,
            " at offset 4 is not supported, versions 2 and 3 are; ",
            "convert the model again with current tools");
    tensor_count_ = read<uint64_t>("tensor count");
    metadata_count_ = read<uint64_t>("metadata count");
    check(tensor_count_ <= left() / smallest_tensor_bytes, "claims ", tensor_count_,
          " tensors, more than a file of ", n_bytes_, " bytes can describe");
    check(metadata_count_ <= left() / smallest_metadata_bytes, "claims ", metadata_count_,
          " metadata keys, more than a file of ", n_bytes_, " bytes can hold");
  }

  GgufType read_type(const char* what) {
    const uint32_t number = read<uint32_t>(what);
    check(number < gguf_type_count, "has ", what, " ", number, ", and the types of GGUF are 0 to ",
          gguf_type_count - 1);
    return static_cast<GgufType>(number);
  }

  void read_metadata(uint64_t index) {
    item_ = {.kind = "key", .offset = at_, .index = index, .count = metadata_count_};
    Metadata entry{};
    entry.offset = at_;
    entry.key = read_string("name");
    check(!entry.key.empty() && entry.key.size() <= longest_key, "has a name of ", entry.key.size(),
          " bytes; 1 to ", longest_key, " are allowed");
    item_.name = entry.key;
    entry.type = read_type("value type");
    entry.is_array = entry.type == GgufType::array;
    entry.count = 1;
    if (entry.is_array) {
      entry.type = read_type("element type");
      if (entry.type == GgufType::array)
        fail_here(ErrorKind::unsupported, "is an array of arrays, which no model needs");
      entry.count = read<uint64_t>("element count");
    }
    entry.payload = read_values(entry);
    if (entry.key == gguf_alignment_key) set_alignment(entry);
    contents_.metadata.push_back(entry);
  }

  std::span<const std::byte> read_values(const Metadata& entry) {
    const uint64_t begin = at_;
    if (entry.type == GgufType::string) {
      check(entry.count <= left() / sizeof(uint64_t), "claims ", entry.count, " strings at offset ", at_,
            ", more than the ", left(), " bytes left in the file can hold");
      for (uint64_t i = 0; i < entry.count; ++i) read_string("string");
    } else {
      const std::optional<uint64_t> size =
          checked_multiply<uint64_t>(entry.count, gguf_type_size(entry.type));
      check(size && *size <= left(), "claims ", entry.count, " values of ", to_string(entry.type),
            " at offset ", at_, ", more than the ", left(), " bytes left in the file");
      take(*size, "value");
    }
    const std::span values = bytes_.subspan(begin, at_ - begin);
    if (entry.type == GgufType::boolean)
      for (const std::byte& value : values)
        check(value <= std::byte{1}, "holds a bool of ", std::to_integer<int>(value), " at offset ",
              &value - bytes_.data(), "; 0 and 1 are allowed");
    return values;
  }

  void set_alignment(const Metadata& entry) {
    check(entry.type == GgufType::u32 && !entry.is_array, "is of type ", to_string(entry.type),
          entry.is_array ? " array" : "", ", and must be u32");
    const uint32_t value = load_value<uint32_t>(entry.payload.data());
    check(std::has_single_bit(value) && value >= smallest_alignment && value <= largest_alignment, "is ",
          value, "; it must be a power of two from ", smallest_alignment, " to ", largest_alignment);
    contents_.alignment = value;
  }

  void read_tensor(uint64_t index) {
    item_ = {.kind = "tensor", .offset = at_, .index = index, .count = tensor_count_};
    TensorInfo tensor{};
    tensor.entry_offset = at_;
    tensor.name = read_string("name");
    check(!tensor.name.empty() && tensor.name.size() <= longest_tensor_name, "has a name of ",
          tensor.name.size(), " bytes; 1 to ", longest_tensor_name, " are allowed");
    item_.name = tensor.name;
    tensor.n_dims = read<uint32_t>("number of dimensions");
    check(tensor.n_dims >= 1 && tensor.n_dims <= most_dimensions, "has ", tensor.n_dims, " dimensions; 1 to ",
          most_dimensions, " are allowed");
    tensor.shape.fill(1);
    for (uint32_t i = 0; i < tensor.n_dims; ++i) {
      tensor.shape[i] = read<uint64_t>("shape");
      check(tensor.shape[i] != 0, "has a dimension ", i + 1, " of zero");
    }
    const uint32_t type = read<uint32_t>("type");
    if (const kernels::TensorTypeInfo* known = kernels::find_tensor_type(type))
      set_size(tensor, *known);
    else if (const char* name = kernels::tensor_type_name(type))
      fail_here(ErrorKind::unsupported, "is of type ", name, " (", type, "), which is not supported");
    else
      fail_here(ErrorKind::unsupported, "is of type ", type, ", which is unknown");
    tensor.offset = read<uint64_t>("data offset");
    contents_.tensors.push_back(tensor);
  }

  void set_size(TensorInfo& tensor, const kernels::TensorTypeInfo& type) const {
    tensor.type = type.type;
    const auto block = static_cast<uint64_t>(type.block);
    check(tensor.shape[0] % block == 0, "has rows of ", tensor.shape[0], " weights, no multiple of the ",
          block, " in a block of ", type.name);
    std::optional<uint64_t> elements = 1;
    for (const uint64_t n : tensor.shape)
      if (elements) elements = checked_multiply(*elements, n);
    const std::optional<uint64_t> size =
        elements ? checked_multiply<uint64_t>(*elements / block, static_cast<uint64_t>(type.bytes))
                 : std::nullopt;
    if (!size)
      fail_here(ErrorKind::invalid_file, "has the shape ", shape_text(tensor),
                ", whose size exceeds 64 bits");
    tensor.n_bytes = *size;
  }

  void check_duplicates() {
    const NameIndex keys(contents_.metadata, [](const Metadata& entry) { return entry.key; });
    if (const auto same = keys.find_duplicate()) {
      const Metadata& second = contents_.metadata[same->second];
      item_ = {.kind = "key", .name = second.key, .offset = second.offset};
      check(false, "is a duplicate of the key at offset ", contents_.metadata[same->first].offset);
    }
    const NameIndex tensors(contents_.tensors, [](const TensorInfo& tensor) { return tensor.name; });
    if (const auto same = tensors.find_duplicate()) {
      const TensorInfo& second = contents_.tensors[same->second];
      item_ = {.kind = "tensor", .name = second.name, .offset = second.entry_offset};
      check(false, "is a duplicate of the tensor at offset ", contents_.tensors[same->first].entry_offset);
    }
  }

  uint64_t align_up(uint64_t offset) const {
    return (offset + contents_.alignment - 1) & ~(contents_.alignment - 1);
  }

  /// Turns the offset in the data section, which the file gives, into one in the file.
  void place(TensorInfo& tensor) {
    item_ = {.kind = "tensor", .name = tensor.name, .offset = tensor.entry_offset};
    check(tensor.offset % contents_.alignment == 0, "has its data at ", tensor.offset,
          " in the data section, no multiple of the alignment ", contents_.alignment);
    const std::optional<uint64_t> begin = checked_add(contents_.data_offset, tensor.offset);
    const std::optional<uint64_t> end = begin ? checked_add(*begin, tensor.n_bytes) : std::nullopt;
    check(end && *end <= n_bytes_, "has its ", tensor.n_bytes, " bytes of data at ", tensor.offset,
          " in the data section, which begins at ", contents_.data_offset, ": they reach beyond the ",
          n_bytes_, " bytes of the file, which may be cut short");
    tensor.offset = *begin;
    if (*end <= bytes_.size()) tensor.data = bytes_.subspan(*begin, tensor.n_bytes);
  }

  void check_overlap() {
    std::vector<const TensorInfo*> by_offset;
    by_offset.reserve(contents_.tensors.size());
    for (const TensorInfo& tensor : contents_.tensors) by_offset.push_back(&tensor);
    std::sort(by_offset.begin(), by_offset.end(), [](const TensorInfo* a, const TensorInfo* b) {
      // Of tensors at one place the later described one is the culprit.
      return a->offset != b->offset ? a->offset < b->offset : a->entry_offset < b->entry_offset;
    });
    for (size_t i = 1; i < by_offset.size(); ++i) {
      const TensorInfo &low = *by_offset[i - 1], &high = *by_offset[i];
      if (low.offset + low.n_bytes <= high.offset) continue;
      item_ = {.kind = "tensor", .name = high.name, .offset = high.entry_offset};
      fail_here(ErrorKind::invalid_file, "has its data at offset ", high.offset, ", inside that of tensor ",
                quoted(low.name), " (", low.offset, " to ", low.offset + low.n_bytes, ")");
    }
  }

  std::span<const std::byte> bytes_;
  uint64_t n_bytes_;  // of the file
  const std::string& source_;
  uint64_t at_ = 0;
  Item item_;
  uint64_t tensor_count_ = 0, metadata_count_ = 0;
  GgufContents contents_{.version = 0, .alignment = gguf_default_alignment, .data_offset = 0};
};

}  // namespace

GgufContents parse_gguf(std::span<const std::byte> bytes, const std::string& source) {
  return Parser(bytes, bytes.size(), source).parse();
}

std::optional<GgufContents> parse_gguf_start(std::span<const std::byte> bytes, uint64_t n_bytes,
                                             const std::string& source) {
  try {
    return Parser(bytes, n_bytes, source).parse();
  } catch (const NotAtHand&) {
    return std::nullopt;
  }
}

}  // namespace realizar::formats
