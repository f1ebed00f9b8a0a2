#include <gtest/gtest.h>

#include "base/error.hpp"
#include "formats/gguf.hpp"
#include "formats/raw_gguf.hpp"

namespace realizar::formats {
namespace {

using test::RawGguf;
using enum GgufType;

constexpr uint64_t huge = uint64_t{1} << 62;
constexpr uint32_t f32_number = 0, q4_0_number = 2, q4_k_number = 12;

struct Case {
  const char* name;
  RawGguf file;
  ErrorKind kind;
  const char* sentence;  // what follows "GGUF data: "
};

// The first key of a file begins at offset 24.
const Case cases[] = {
    {"EmptyFile", RawGguf(), ErrorKind::invalid_file, "this is no GGUF file"},
    {"WrongMagic", RawGguf().put_bytes("GGML").put(3).put(huge), ErrorKind::invalid_file,
     "this is no GGUF file: at offset 0 stands 'GGML' in place of 'GGUF'"},
    {"Version0", RawGguf().header(0, 0, 0), ErrorKind::unsupported,
     "GGUF version 0 at offset 4 is not supported"},
    {"Version1", RawGguf().header(0, 0, 1), ErrorKind::unsupported,
     "GGUF version 1 at offset 4 is not supported"},
    {"Version4", RawGguf().header(0, 0, 4), ErrorKind::unsupported,
     "GGUF version 4 at offset 4 is not supported"},
    {"BigEndian", RawGguf().header(0, 0, 0x03000000), ErrorKind::unsupported, "the file is big-endian"},
    {"MoreTensorsThanBytes", RawGguf().header(huge, 0), ErrorKind::invalid_file,
     "the header at offset 0 claims 4611686018427387904 tensors, more than a file of 24 bytes can describe"},
    {"MoreKeysThanBytes", RawGguf().header(0, huge), ErrorKind::invalid_file,
     "the header at offset 0 claims 4611686018427387904 metadata keys"},
    {"KeyNameBeyondTheFile", RawGguf().header(0, 1).put(huge).put_bytes("abcdefgh"), ErrorKind::invalid_file,
     "key 1 of 1 at offset 24 is cut short: its name takes 4611686018427387904 bytes at offset 32"},
    {"EmptyKeyName", RawGguf().header(0, 1).key("", u64).put(huge), ErrorKind::invalid_file,
     "key 1 of 1 at offset 24 has a name of 0 bytes"},
    {"KeyNameTooLong", RawGguf().header(0, 1).key(std::string(65536, 'k'), u8).put('1'),
     ErrorKind::invalid_file, "key 1 of 1 at offset 24 has a name of 65536 bytes; 1 to 65535 are allowed"},
    {"UnknownValueType", RawGguf().header(0, 1).put_string("k").put(13).put(1), ErrorKind::invalid_file,
     "key 'k' at offset 24 has value type 13"},
    {"UnknownElementType", RawGguf().header(0, 1).array("k", static_cast<GgufType>(99), 1).put(1),
     ErrorKind::invalid_file, "key 'k' at offset 24 has element type 99"},
    {"NestedArray", RawGguf().header(0, 1).array("k", array, 1).put(u8).put(huge), ErrorKind::unsupported,
     "key 'k' at offset 24 is an array of arrays"},
    {"StringBeyondTheFile", RawGguf().header(0, 1).key("k", string).put(huge), ErrorKind::invalid_file,
     "key 'k' at offset 24 is cut short: its string takes 4611686018427387904 bytes at offset 45"},
    {"StringLengthThatWraps", RawGguf().header(0, 1).key("k", string).put(~uint64_t{0}),
     ErrorKind::invalid_file, "key 'k' at offset 24 is cut short"},
    {"ArrayBeyondTheFile", RawGguf().header(0, 1).array("k", u16, 4).put(1), ErrorKind::invalid_file,
     "key 'k' at offset 24 claims 4 values of u16 at offset 49, more than the 4 bytes left in the file"},
    {"ArrayWhoseSizeWraps", RawGguf().header(0, 1).array("k", u64, huge / 2).put(1), ErrorKind::invalid_file,
     "key 'k' at offset 24 claims 2305843009213693952 values of u64 at offset 49, more than the 4 bytes "
     "left"},
    {"StringArrayBeyondTheFile", RawGguf().header(0, 1).array("k", string, huge).put(1),
     ErrorKind::invalid_file,
     "key 'k' at offset 24 claims 4611686018427387904 strings at offset 49, more than the 4 bytes left"},
    {"StringInAnArrayBeyondTheFile",
     RawGguf().header(0, 1).array("k", string, 2).put_string("ok").put(uint64_t{1000}),
     ErrorKind::invalid_file, "key 'k' at offset 24 is cut short: its string takes 1000 bytes at offset 67"},
    {"BoolOfTwo", RawGguf().header(0, 1).key("k", boolean).put('\2'), ErrorKind::invalid_file,
     "key 'k' at offset 24 holds a bool of 2 at offset 37"},
    {"DuplicateKey", RawGguf().header(0, 3).key("k", u8).put('1').key("j", u8).put('1').key("k", u32).put(1),
     ErrorKind::invalid_file, "key 'k' at offset 52 is a duplicate of the key at offset 24"},
    {"AlignmentThatIsNoPowerOfTwo", RawGguf().header(0, 1).key("general.alignment", u32).put(24),
     ErrorKind::invalid_file, "key 'general.alignment' at offset 24 is 24; it must be a power of two"},
    {"AlignmentOfZero", RawGguf().header(0, 1).key("general.alignment", u32).put(0), ErrorKind::invalid_file,
     "key 'general.alignment' at offset 24 is 0; it must be a power of two"},
    {"HugeAlignment", RawGguf().header(0, 1).key("general.alignment", u32).put(1 << 30),
     ErrorKind::invalid_file,
     "key 'general.alignment' at offset 24 is 1073741824; it must be a power of two from 8 to 1048576"},
    {"AlignmentOfAnotherType", RawGguf().header(0, 1).key("general.alignment", string).put_string("32"),
     ErrorKind::invalid_file, "key 'general.alignment' at offset 24 is of type string, and must be u32"},
    {"EmptyTensorName", RawGguf().header(1, 0).tensor("", {1}, f32_number, 0).data(32),
     ErrorKind::invalid_file, "tensor 1 of 1 at offset 24 has a name of 0 bytes"},
    {"NoDimensions", RawGguf().header(1, 0).tensor("t", {}, f32_number, 0).data(32), ErrorKind::invalid_file,
     "tensor 't' at offset 24 has 0 dimensions; 1 to 4 are allowed"},
    {"FiveDimensions", RawGguf().header(1, 0).tensor("t", {1, 1, 1, 1, 1}, f32_number, 0).data(32),
     ErrorKind::invalid_file, "tensor 't' at offset 24 has 5 dimensions; 1 to 4 are allowed"},
    {"DimensionOfZero", RawGguf().header(1, 0).tensor("t", {4, 0}, f32_number, 0).data(32),
     ErrorKind::invalid_file, "tensor 't' at offset 24 has a dimension 2 of zero"},
    {"ElementsThatWrap", RawGguf().header(1, 0).tensor("t", {huge, 4}, f32_number, 0).data(32),
     ErrorKind::invalid_file,
     "tensor 't' at offset 24 has the shape [4611686018427387904, 4], whose size exceeds 64 bits"},
    {"BytesThatWrap", RawGguf().header(1, 0).tensor("t", {huge}, f32_number, 0).data(32),
     ErrorKind::invalid_file,
     "tensor 't' at offset 24 has the shape [4611686018427387904], whose size exceeds 64 bits"},
    {"RowThatDoesNotFillItsBlock", RawGguf().header(1, 0).tensor("t", {576, 2}, q4_k_number, 0).data(2000),
     ErrorKind::invalid_file,
     "tensor 't' at offset 24 has rows of 576 weights, no multiple of the 256 in a block of Q4_K"},
    {"UnknownTensorType", RawGguf().header(1, 0).tensor("t", {32}, 77, 0).data(32), ErrorKind::unsupported,
     "tensor 't' at offset 24 is of type 77, which is unknown"},
    {"WithdrawnTensorType", RawGguf().header(1, 0).tensor("t", {32}, 31, 0).data(32), ErrorKind::unsupported,
     "tensor 't' at offset 24 is of type Q4_0_4_4 (31), which is not supported"},
    {"UnalignedTensor", RawGguf().header(1, 0).tensor("t", {2}, f32_number, 16).data(64),
     ErrorKind::invalid_file,
     "tensor 't' at offset 24 has its data at 16 in the data section, no multiple of the alignment 32"},
    {"TensorBeyondTheFile", RawGguf().header(1, 0).tensor("t", {32}, q4_0_number, 32).data(49),
     ErrorKind::invalid_file,
     "tensor 't' at offset 24 has its 18 bytes of data at 32 in the data section, which begins at 64: they "
     "reach "
     "beyond the 113 bytes of the file"},
    {"TensorOffsetThatWraps", RawGguf().header(1, 0).tensor("t", {1}, f32_number, ~uint64_t{31}).data(32),
     ErrorKind::invalid_file, "tensor 't' at offset 24 has its 4 bytes of data at 18446744073709551584"},
    {"OverlappingTensors",
     RawGguf().header(2, 0).tensor("a", {16}, f32_number, 32).tensor("b", {9}, f32_number, 0).data(96),
     ErrorKind::invalid_file,
     "tensor 'a' at offset 24 has its data at offset 128, inside that of tensor 'b'"},
    {"TensorsAtOnePlace",
     RawGguf().header(2, 0).tensor("a", {1}, f32_number, 0).tensor("b", {1}, f32_number, 0).data(96),
     ErrorKind::invalid_file, "tensor 'b' at offset 57 has its data at offset 96, inside that of tensor 'a'"},
    {"DuplicateTensor",
     RawGguf().header(2, 0).tensor("t", {1}, f32_number, 0).tensor("t", {1}, f32_number, 32).data(96),
     ErrorKind::invalid_file, "tensor 't' at offset 57 is a duplicate of the tensor at offset 24"},
    {"DuplicateTensorAtOnePlace",
     RawGguf().header(2, 0).tensor("t", {1}, f32_number, 0).tensor("t", {1}, f32_number, 0).data(96),
     ErrorKind::invalid_file, "tensor 't' at offset 57 is a duplicate of the tensor at offset 24"},
    {"NamesThatWouldWriteToTheTerminal",
     RawGguf().header(1, 0).tensor("\x1b[2J" + std::string(200, 'x'), {1}, 99, 0).data(32),
     ErrorKind::unsupported, "tensor '\\x1b[2Jxxxxx"},
};

class RefusedGguf : public testing::TestWithParam<Case> {};

TEST_P(RefusedGguf, HasOneClearError) {
  const Case& hostile = GetParam();
  try {
    const Gguf gguf(hostile.file.bytes());
    FAIL() << "the file was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), hostile.kind) << error.what();
    EXPECT_NE(std::string(error.what()).find(std::string("GGUF data: ") + hostile.sentence),
              std::string::npos)
        << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Gguf, RefusedGguf, testing::ValuesIn(cases),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace realizar::formats
