// The names that published GGUF files carry in `tokenizer.ggml.pre`, with the patterns of their
// tokenizer.json files as established engines run them. Where one pattern means the same as another and
// backtracks less, that one stands here.
#include "text/pre_tokenizer_table.hpp"

#include "base/error.hpp"

namespace realizar::text {

namespace {

#define CONTRACTION "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
#define SPACES_AND_LINES "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define WORD "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
#define SIGNS "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
// A word of GPT-4o's kind: capitals, then small letters; characters without case are either.
#define CASED_WORDS(upper, lower, suffix) \
  "[^\\r\\n\\p{L}\\p{N}]?" upper "*" lower "+" suffix "|[^\\r\\n\\p{L}\\p{N}]?" upper "+" lower "*" suffix
#define SIGNS_AND_SLASH "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*"
#define ASCII_SIGN_AND_WORD \
  "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
#define HAN                                                                                                 \
  "\\x{4E00}-\\x{9FFF}\\x{3400}-\\x{4DBF}\\x{20000}-\\x{2A6DF}\\x{2A700}-\\x{2EBEF}\\x{F900}-\\x{FAFF}\\x{" \
  "2F800}-"                                                                                                 \
  "\\x{2FA1F}"

constexpr SplitStep pattern(const char* text) { return {SplitKind::pattern, text}; }

const SplitStep gpt2 =
    pattern("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");
const SplitStep llama3 = pattern(CONTRACTION "|" WORD "|\\p{N}{1,3}" SIGNS SPACES_AND_LINES);
const SplitStep qwen2 = pattern(CONTRACTION "|" WORD "|\\p{N}" SIGNS SPACES_AND_LINES);
const SplitStep one_number = pattern("\\p{N}");
const SplitStep three_numbers = pattern("\\p{N}{1,3}");
const SplitStep three_digits = pattern("[0-9][0-9][0-9]");
const SplitStep line_breaks = pattern("[\\r\\n]");
const SplitStep lines = pattern("[^\\n]+|[\\n]+");
const SplitStep cjk = pattern("[\\x{4E00}-\\x{9FA5}\\x{3040}-\\x{309F}\\x{30A0}-\\x{30FF}]+");
const SplitStep cjk_and_more = pattern("[\\x{4E00}-\\x{9FA5}\\x{800}-\\x{4E00}\\x{AC00}-\\x{D7FF}]+");
const SplitStep no_sentence_signs =
    pattern(" ?[^(\\s|.,!?\\x{2026}\\x{3002}\\x{FF0C}\\x{3001}\\x{964}\\x{6D4}\\x{60C})]+");

const std::vector<SplitStep> numbers_then_gpt2 = {one_number, gpt2};
const std::vector<SplitStep> deepseek_v3 = {
    three_numbers, cjk, pattern(ASCII_SIGN_AND_WORD "| ?[\\p{P}\\p{S}]+[\\r\\n]*" SPACES_AND_LINES)};
const std::vector<SplitStep> deepseek_llm = {
    line_breaks,
    // Letters that have case.
    pattern(
        "\\s?[A-Za-z\\x{B5}\\x{C0}-\\x{D6}\\x{D8}-\\x{F6}\\x{F8}-\\x{1BA}\\x{1BC}-\\x{1BF}\\x{1C4}-\\x{293}"
        "\\x{295}-\\x{2AF}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37B}-\\x{37D}\\x{37F}\\x{386}\\x{388}-\\x{38A}"
        "\\x{38C}\\x{38E}-\\x{3A1}\\x{3A3}-\\x{3F5}\\x{3F7}-\\x{481}\\x{48A}-\\x{52F}\\x{531}-\\x{556}"
        "\\x{10A0}-\\x{10C5}\\x{13A0}-\\x{13F5}\\x{13F8}-\\x{13FD}\\x{1C90}-\\x{1CBA}\\x{1CBD}-\\x{1CBF}"
        "\\x{1D00}-\\x{1D2B}\\x{1D6B}-\\x{1D77}\\x{1D79}-\\x{1D9A}\\x{1E00}-\\x{1F15}\\x{1F18}-\\x{1F1D}"
        "\\x{1F20}-\\x{1F45}\\x{1F48}-\\x{1F4D}\\x{1F50}-\\x{1F57}\\x{1F59}\\x{1F5B}\\x{1F5D}\\x{1F5F}-\\x{"
        "1F7D}"
        "\\x{1F80}-\\x{1FB4}\\x{1FB6}-\\x{1FBC}\\x{1FBE}\\x{1FC2}-\\x{1FC4}\\x{1FC6}-\\x{1FCC}\\x{1FD0}-\\x{"
        "1FD3}"
        "\\x{1FD6}-\\x{1FDB}\\x{1FE0}-\\x{1FEC}\\x{1FF2}-\\x{1FF4}\\x{1FF6}-\\x{1FFC}\\x{2102}\\x{2107}"
        "\\x{210A}-\\x{2113}\\x{2115}\\x{2119}-\\x{211D}\\x{2124}\\x{2126}\\x{2128}\\x{212A}-\\x{212D}"
        "\\x{212F}-\\x{2134}\\x{2139}\\x{213C}-\\x{213F}\\x{2145}-\\x{2149}\\x{214E}\\x{2183}\\x{2184}"
        "\\x{2C00}-\\x{2C7B}\\x{2C7E}-\\x{2CE4}\\x{2CEB}-\\x{2CEE}\\x{2CF2}\\x{2CF3}\\x{A640}-\\x{A66D}"
        "\\x{A680}-\\x{A69B}\\x{A722}-\\x{A76F}\\x{A771}-\\x{A787}\\x{A78B}-\\x{A78E}\\x{AB70}-\\x{ABBF}"
        "\\x{FB00}-\\x{FB06}\\x{FB13}-\\x{FB17}\\x{FF21}-\\x{FF3A}\\x{FF41}-\\x{FF5A}\\x{10400}-\\x{1044F}"
        "\\x{104B0}-\\x{104D3}\\x{104D8}-\\x{104FB}\\x{10C80}-\\x{10CB2}\\x{10CC0}-\\x{10CF2}\\x{118A0}-\\x{"
        "118DF}"
        "\\x{1E900}-\\x{1E943}]+"),
    pattern("\\s?[!-/:-~\\x{FF01}-\\x{FF0F}\\x{FF1A}-\\x{FF5E}\\x{2018}-\\x{201F}\\x{3000}-\\x{3002}]+"),
    pattern("(?<!\\s)\\s++$"), cjk_and_more, pattern("\\p{N}+")};
const std::vector<SplitStep> deepseek_coder = {line_breaks, pattern("\\s?\\p{L}+"), pattern("\\s?\\p{P}+"),
                                               cjk_and_more, one_number};
const std::vector<SplitStep> fallback = {pattern("[\\p{P}\\$\\+<=>\\^~\\|]+"), gpt2, pattern("\\p{N}+"),
                                         three_digits};
const std::vector<SplitStep> falcon = {pattern("[\\p{P}\\$\\+<=>\\^~\\|`]+"), gpt2, three_digits};
const std::vector<SplitStep> gpt_4o = {pattern(CASED_WORDS(
    "[A-Z\\p{L>7F}]", "[a-z\\p{L>7F}]", CONTRACTION "?") "|\\p{N}{1,3}" SIGNS_AND_SLASH SPACES_AND_LINES)};
const std::vector<SplitStep> tekken = {
    pattern(CASED_WORDS("[A-Z\\p{L>7F}]", "[a-z\\p{L>7F}]", "") "|\\p{N}" SIGNS_AND_SLASH SPACES_AND_LINES)};
const std::vector<SplitStep> granite_multilingual = {
    pattern(CASED_WORDS("[A-Z\\p{L>7F}\\p{M}]", "[a-z\\p{L>7F}\\p{M}]",
                        CONTRACTION "?") "|\\p{N}{1,3}" SIGNS_AND_SLASH SPACES_AND_LINES)};
const std::vector<SplitStep> tiny_aya = {{SplitKind::numbers_by_three},
                                         pattern("[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+" CONTRACTION
                                                 "?|\\p{N}{1,3}" SIGNS_AND_SLASH SPACES_AND_LINES)};
const std::vector<SplitStep> youtu = {
    pattern("[\\x{AC00}-\\x{D7A3}\\x{3131}-\\x{318E}]+|[\\x{FF01}\\x{2026}\\x{201C}\\x{201D}\\x{2018}\\x{"
            "2019}\\x{2014}"
            "\\x{FF1A}\\x{FF1B}\\x{FF0C}\\x{3001}-\\x{303F}\\x{FE30}-\\x{FE4F}]+|[\\x{3105}-\\x{312F}]+"
            "|[\\x{4E00}-\\x{9FA5}\\x{3040}-\\x{309F}\\x{30A0}-\\x{30FF}]+"),
    pattern("[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+" CONTRACTION "?|\\p{N}" SIGNS_AND_SLASH SPACES_AND_LINES)};
const std::vector<SplitStep> spark = {
    three_numbers, cjk, pattern(ASCII_SIGN_AND_WORD "| ?[\\p{P}\\p{S}]+|[\\r\\n]|\\s+(?!\\S)|\\s+"),
    one_number};
const std::vector<SplitStep> afmoe = {
    {SplitKind::numbers_by_three},
    pattern(
        "[\\x{4E00}-\\x{9FFF}\\x{3400}-\\x{4DBF}\\x{8C48}-\\x{FAFF}\\x{3040}-\\x{309F}\\x{30A0}-\\x{30FF}"
        "\\x{FF65}-\\x{FF9F}\\x{2F00}-\\x{2FDF}\\x{E40}-\\x{E7F}\\x{E80}-\\x{EFF}\\x{1780}-\\x{17FF}"
        "\\x{1000}-\\x{109F}\\x{AA60}-\\x{AA7F}\\x{A9E0}-\\x{A9FF}\\x{AC00}-\\x{D7AF}\\x{1100}-\\x{11FF}]+"),
    pattern(ASCII_SIGN_AND_WORD "| ?[\\p{P}\\p{S}]+[\\r\\n]*" SPACES_AND_LINES)};
// Words do not mix Han with other letters.
const std::vector<SplitStep> kimi_k2 = {pattern("[" HAN "]+|[^\\r\\n\\p{L}\\p{N}]?(?:(?![" HAN
                                                "])\\p{L})++" CONTRACTION
                                                "?|\\p{N}{1,3}" SIGNS SPACES_AND_LINES)};
const std::vector<SplitStep> bailing = {pattern("'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|" WORD
                                                "|\\p{N}" SIGNS "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+")};
const std::vector<SplitStep> chameleon = {pattern("<sentinel:[0-9]+>"),      pattern("IMGIMG[A-I]{1,4}Z"),
                                          pattern("[\\t\\n]|    |  "),       one_number,
                                          pattern("[\\p{P}!-/:-@\\[-`{-~]"), gpt2};
const std::vector<SplitStep> exaone_moe = {
    // A word may hold single spaces between letters.
    pattern(CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}[\\p{L}\\p{M}]*+(?: \\p{L}[\\p{L}\\p{M}]*+)*+|\\p{N}"
                        "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+")};
const std::vector<SplitStep> jais2 = {pattern(
    CONTRACTION "|" WORD "|\\p{N}{1,3}" SIGNS
                "|\\s*[\\r\\n]+|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)|\\s{32}(?!\\S)"
                "|\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s")};
const std::vector<SplitStep> qwen35 = {pattern(
    CONTRACTION
    "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*" SPACES_AND_LINES)};
const std::vector<SplitStep> seed_coder = {
    pattern(CONTRACTION "|" WORD "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+" SPACES_AND_LINES)};
const std::vector<SplitStep> ufakzeka = {pattern(WORD "|\\p{N}" SIGNS SPACES_AND_LINES)};
const std::vector<SplitStep> superbpe = {pattern("\\p{N}+"), {SplitKind::digits_by_three}};

const std::vector<PreTokenizerTraits>& table() {
  static const std::vector<PreTokenizerTraits> rows = {
      {.name = "default", .steps = fallback},
      {.name = "llama3", .steps = {llama3}, .ignore_merges = true, .add_bos = true},
      {.name = "llama-v3", .steps = {llama3}, .ignore_merges = true, .add_bos = true},
      {.name = "llama-bpe", .steps = {llama3}, .ignore_merges = true, .add_bos = true},
      {.name = "falcon3", .steps = {llama3}, .ignore_merges = true, .add_bos = true},
      {.name = "falcon-h1", .steps = {llama3}, .ignore_merges = true, .add_bos = true},
      {.name = "pixtral", .steps = {llama3}, .ignore_merges = true, .add_bos = true},
      {.name = "midm-2.0", .steps = {llama3}, .ignore_merges = true, .add_bos = true},
      {.name = "lfm2", .steps = {llama3}, .ignore_merges = true, .add_bos = true},
      {.name = "jina-v5-nano", .steps = {llama3}, .ignore_merges = true, .add_bos = true},
      {.name = "dbrx", .steps = {llama3}},
      {.name = "smaug-bpe", .steps = {llama3}},
      {.name = "chatglm-bpe", .steps = {llama3}, .no_default_bos = true},
      {.name = "glm4", .steps = {llama3}, .no_default_bos = true},
      {.name = "minicpm5",
       .steps = {three_numbers, pattern(CONTRACTION "|" WORD "|\\p{N}+" SIGNS SPACES_AND_LINES)},
       .ignore_merges = true},
      {.name = "jais-2", .steps = jais2},
      {.name = "deepseek-llm", .steps = deepseek_llm},
      {.name = "deepseek-coder", .steps = deepseek_coder},
      {.name = "deepseek-v3", .steps = deepseek_v3},
      {.name = "hunyuan-dense", .steps = deepseek_v3},
      {.name = "hy_v4", .steps = deepseek_v3},
      {.name = "joyai-llm", .steps = deepseek_v3},
      {.name = "spark2_5", .steps = spark},
      {.name = "youtu", .steps = youtu, .ignore_merges = true},
      {.name = "falcon", .steps = falcon},
      {.name = "gpt-2", .steps = {gpt2}},
      {.name = "phi-2", .steps = {gpt2}},
      {.name = "jina-es", .steps = {gpt2}},
      {.name = "jina-de", .steps = {gpt2}},
      {.name = "jina-v1-en", .steps = {gpt2}},
      {.name = "jina-v2-es", .steps = {gpt2}},
      {.name = "jina-v2-de", .steps = {gpt2}},
      {.name = "jina-v2-code", .steps = {gpt2}},
      {.name = "roberta-bpe", .steps = {gpt2}},
      {.name = "gigachat", .steps = {gpt2}},
      {.name = "a.x-4.0", .steps = {gpt2}},
      {.name = "mellum", .steps = {gpt2}},
      {.name = "modern-bert", .steps = {gpt2}},
      {.name = "mpt", .steps = {gpt2}},
      {.name = "olmo", .steps = {gpt2}},
      {.name = "jais", .steps = {gpt2}},
      {.name = "exaone4", .steps = {gpt2}},
      {.name = "trillion", .steps = {gpt2}},
      {.name = "granite-docling", .steps = {gpt2}},
      {.name = "starcoder", .steps = numbers_then_gpt2},
      {.name = "refact", .steps = numbers_then_gpt2},
      {.name = "command-r", .steps = numbers_then_gpt2},
      {.name = "smollm", .steps = numbers_then_gpt2},
      {.name = "codeshell", .steps = numbers_then_gpt2},
      {.name = "exaone", .steps = numbers_then_gpt2},
      {.name = "minerva-7b", .steps = numbers_then_gpt2},
      {.name = "mellum2", .steps = numbers_then_gpt2},
      {.name = "qwen2", .steps = {qwen2}},
      {.name = "deepseek-r1-qwen", .steps = {qwen2}},
      {.name = "kormo", .steps = {qwen2}},
      {.name = "f2llmv2", .steps = {qwen2}},
      {.name = "megrez", .steps = {qwen2}},
      {.name = "stablelm2", .steps = {qwen2}},
      {.name = "hunyuan", .steps = {qwen2}},
      {.name = "solar-open", .steps = {qwen2}},
      {.name = "grok-2", .steps = {qwen2}},
      {.name = "laguna", .steps = {lines, qwen2}},
      {.name = "qwen35", .steps = qwen35},
      {.name = "ufakzeka", .steps = ufakzeka},
      {.name = "poro-chat", .steps = {no_sentence_signs}},
      {.name = "bloom", .steps = {no_sentence_signs}},
      {.name = "gpt3-finnish", .steps = {no_sentence_signs}},
      {.name = "viking", .steps = {no_sentence_signs, one_number}},
      {.name = "tekken", .steps = tekken, .ignore_merges = true, .add_bos = true},
      {.name = "chameleon", .steps = chameleon, .add_bos = true},
      {.name = "gpt-4o", .steps = gpt_4o},
      {.name = "llama4", .steps = gpt_4o},
      {.name = "kanana2", .steps = gpt_4o},
      {.name = "talkie", .steps = gpt_4o},
      {.name = "minimax-m2", .steps = gpt_4o},
      {.name = "granite-embed-multi-97m", .steps = granite_multilingual, .ignore_merges = true},
      {.name = "tiny_aya", .steps = tiny_aya},
      {.name = "cohere2moe", .steps = tiny_aya},
      {.name = "superbpe", .steps = superbpe},
      {.name = "bailingmoe", .steps = bailing},
      {.name = "bailingmoe2", .steps = bailing},
      {.name = "llada-moe", .steps = bailing},
      {.name = "seed-coder", .steps = seed_coder},
      {.name = "kimi-k2", .steps = kimi_k2},
      {.name = "afmoe", .steps = afmoe},
      {.name = "exaone-moe", .steps = exaone_moe},
      {.name = "gemma4", .steps = {lines}, .add_bos = true, .raw_utf8 = true, .escape_spaces = true},
      {.name = "granite-embed-multi-311m",
       .steps = {lines},
       .add_bos = true,
       .raw_utf8 = true,
       .escape_spaces = true},
      {.name = "sarvam-moe", .steps = {lines}, .raw_utf8 = true, .escape_spaces = true},
      {.name = "whitespace", .steps = {pattern("\\S+")}, .raw_utf8 = true},
  };
  return rows;
}

}  // namespace

const PreTokenizerTraits& pre_tokenizer_traits(std::string_view name) {
  for (const PreTokenizerTraits& row : table())
    if (row.name == name) return row;
  std::string known;
  for (const PreTokenizerTraits& row : table()) known.append(known.empty() ? "" : ", ").append(row.name);
  fail(ErrorKind::unsupported, "the pre-tokenizer \"", name.substr(0, 64), "\" is unknown; known are ",
       known);
}

std::vector<std::string_view> pre_tokenizer_names() {
  std::vector<std::string_view> names;
  for (const PreTokenizerTraits& row : table()) names.push_back(row.name);
  return names;
}

}  // namespace realizar::text
