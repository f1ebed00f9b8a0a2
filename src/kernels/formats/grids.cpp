#include "kernels/formats/grids.hpp"

#include <array>
#include <bit>
#include <cstddef>

#include "kernels/formats/bits.hpp"

namespace realizar::kernels {
namespace {

// The grids, as the PyPI package gguf (gguf/quants.py) has them, written by tests/oracle/grid_tables.py. An
// entry is a number in base 3 (IQ1, IQ2: 8 digits) or base 8 (IQ3: 4 digits), its lowest digit first. All
// grids ascend, so the gaps between neighbours tell everything: A-Z are gaps of 1 to 26, a-z of 27 to 52, and
// each + adds 52 to the gap that follows. The first gap counts from -1.

constexpr char iq1_s_gaps[] =
    "ABBBBBCEBDBEFBBHEBDBEEBDBDAFBBBAEFDBDBDBBBAGFBBHEBDBEEBDBEFFEDBBDBBCCBBDBKBBHFFFDDAOFFFBAAHBBHBDDAABAABB"
    "BBBBBICBBBBAABNDLBFBBBCADBFFBDKBDBEEBDBEFDHEBDBEEBDBEFBDEAFHACFBDLBBBFEBDBEEBDBEFFCCEBBBBEEBDBJABDEAFBFD"
    "BDBACLBBECFBBBBBBBDBDFDAAAAAABBDHHBFBPBBHEEBDBBBDBHFBBHFDBEABACDECAABBBAABDBBFDBCABAABBACDBDBBAABBBBBBBB"
    "AAEAAAABABBAABBBAABBAABAABAABBFBAAHAABBDDBAABBBCAAACBABAAFCCBHDLDHFBBBBDBBAABBBFFBJNBBDBCGAABDBAABAADDHC"
    "ABBDDBIGGBGBBBBBBDDBFFDCJBDBEEBBBBEFFCCEBDBEEBBBBEFBDFGADFBBBBAAHEEBFFEBBCEBDBEFDBFFEBBCEBDBEHBBFHAABDBB"
    "BFHFBDCCLFFFBDBDBACDBBJBCABBBBBBFEBEFFFFEAFEBDHJBDBEEBDBEFBJEBDBJBDBHCBDFJBDBFBBBFEEBEAEBDBJBDBEFDBFEBDB"
    "EEBDBEFDHLDBBBBBBPDCDDABBBDBAABBDBFBBBBAABAEBBBBBDBBEAAKFBBHFJBDDDIEJFLCIFBBBBAAEABBBBDBBBBEAFCABDBBAABB"
    "DDBBAABBABAAAACBAABDAABDBAABAEBBBCCEABBBBDBBBBCAABABDBBDCDDAFBBHFCDEGEBDBDBBBFFBBBFFCACACABDBBDDDBAAAABB"
    "BBACFBDBAADBBBPPBBFBBDDNJFBAABDBDBBDBDBDBAABFBHBFBCADBFBAABBAAAABDAABBBAABBAAAAAAAABBAABDBFBAABBDDBDFBDB"
    "BHBDBBAABDBIEBBCADIAFBAAAACCBBBBAABAAABAAAAABAAAABBFBBBAABCBADBAAAABBAAAAABABBAABBAAAAAAABAAAAAAAAAABAAA"
    "AABBACAAABAAAACBAABBAAABAACBABABAAAAAAACCAAAAAAAAAAAAABBACDBAAAABCDCBAAAEAABBDBDGEBBBBAAAABBAAGEBBBBDFCA"
    "BDBBAABFFBAABBAAAAAAAABBAABCCCCBAAAAFHCGDADABFBACCAAADBBBBGCBAABBLHBBFHFDAABBBBBCMHFBBBDBFACBFCCCABFACDE"
    "CBFDBLDBKADHAACMFDHOABACBDBBBBBBBBAABAABBHACBBAAAABBBDFBBBCABNAABBABAABCBAABGBABCABACBAAEEFEEAABDBBBBAAA"
    "BADBCBBDDBAABCBCOBFFJBDBFFFEHEBFDFBBBBACAADBAABBDDCAEEFBACLDAMBDBDBBDACGGCBFDBDBJBDBEEABBBFEBDBEEBDBEFBB"
    "BFFBDBBBAAAEBBFCEBBFEBDBEEBDBKBDFEBDBEEBDBMDLBGCDBBDNDLFDBDFBBACBDBAABAEAABBBBBBBBBHNDBFFBDAADCABDCEFGDF"
    "BDBEEBDBBCFBDFCBBDBEEBDBEAEBBHFBBBBBBDBBJJBFEBDBEEBDBEFBBMBDBEEBDBEFDAAFFDBFBBHAEFBBBFFBBBBDBBBBBBBDEABA"
    "ABDBHBFBBDBBBFFBDFHBBBBBBHBFHBKCBBDDBHDHBBAAAABAABHBFAABDFBDBBAABAABCCCABBAABBAAAAAAAABBAABCCBDAAAABAABB"
    "BBBBFDCBEBFBACABABFBEADACAAHBBFJBFFDDBBACDAIFDBFHBBBBBBBAABBDBBBBBBAABDBACBBFBBDBDHIIHBBBDBDLFBAAMBDBEEB"
    "DBEFBBBKBDBEEBDBECCBBBAOBCCBBBBJEBCBMDBAGDDBEFDBFEBDBEEBDBQFFBFCABBBCAAAFbBBBBBHBDBFBAABFDBBAABDBBPFDCBC"
    "HBCCBAACBLDDABCBBDBDBJBDBKBBBKBDBEEBDBEHDCCFHDDBDBKEMBDBJBDBKBBMBDBEEBDB";

constexpr char iq2_xxs_gaps[] =
    "ABBBBBBFBDBBBFFDBFBFLHBFDNdLLBRjZBFJBFBDLJBFLFBDLNTBJXBRdRFDBFLDBFBVXX+DJ+RBFJHRLFDNFLRHJvJxFLDLTpfhN+PB"
    "FRbZD+PtrBFVPHBxHvB+bBFRNnbT+rXLv++VzBFFDBFFHDJBFRRbHDXHXHJdFLjPVJ+H+dBFRDxpDJ+DfRFDFBjFXZt+R+bBX+VlpJFf"
    "+H+H+ZFRXdn+DdjD+hBt++d++++FBFTbbLL+L+TBFDNRjfhVTRl+d+j+VFLFtVn+FxTJ+j+++Xr++phVd+V+r+++++Dv";

constexpr char iq2_xs_gaps[] =
    "ABBBBBBBBBBBBDBBBBBBBDBFBBBDBDBJBBBBBBBBBBFBBBDBFFDBFRBBBDBFJBFDNHTBBBBBBBDBFBBBDBBDJBFRBBBDBFJBFJHbBFND"
    "BbXBBBBBBFDFBFFLRHBBFRbFTRFrDJBBBBBBBDBFBBBDBFHBBFRBBBDBFJBFRLBNBBDRRjBBBDBFJBDBLFbBFR+BLVvBFBPLTVDt+PpB"
    "BBBBBBFJBFRRJBFRFPfThXDBFPB+BbJfLP+HDFBJVTN+FLXLlDBTBBBBBBBDBFBBBBBBFDFBFRBBBDBFJBFRDPHBFBNB+BBBBDBDBJBF"
    "RLPBFLFrJHVFtBFRDHHhJTFPf+ZBBBDBFFDBFRbBFDNBzdxBBFJHRJRHFvFnfVHLPHhbJB++FXBFRLHLTB+xNdPN+XRDr+jzx+LhHhBB"
    "BDBFHBBFRBVBBBBDRJFlRjBPFDBFBBNRPTdtTlbFPVJBVH+rhFHJDBFRNPXTb+VTTDZFF+LlBr+lnl+HfjBDBJHttFhDBDTbRjn++nTT"
    "JBDvFF+BBtBlP";

constexpr char iq2_s_gaps[] =
    "ABBBBBBBBBBBBDBBBBBBBDBBBBBBBDBFDDBBBBBBBBDBFBBBDBBBBDBDBFBBFBFBBBDBFHBBBBBDNDDDHHBBBBBBBDBBBBBBBBBBBBBB"
    "BFBBBBDBDBFBBBBBBBBBDBDBBBBBBBDBFBBBDBFJBBBBDNDBDBFJBFRBBBDBBBBDDBBBBBBBBDBFDHNBBFBBBDHDBDBFJHRJBHDBJhLB"
    "BBBBBBDBBDBBBDBBBBBBBDBBDDBDBFBBBBBBBBBBBBDBBBBBBBDBFBBBDBPBDBDFBFDFBPBFRBBBDBBBBDBDBBBBBBBDBFBBBDBFJBBB"
    "BBBBDBFBBBDBFJBFRDBDBFJBFRZBBBBBDBDHBBBDBFJBXBBBDBFJBFPVJFRNnBBBDBBBBDDBBFBBHFHDNBBFBBFHBBFBFJBFRHLDBDFX"
    "BPDBBBBDBDBFBBBDBFJBFRDBDBFJBFNDbBFRPlDFBPBFZRBBF+FVLbLBTBBBBBBBBBBBDBBBBBBBBBBBFBFDBDBFBBBDBBBBBBFBBBBB"
    "BBDBFBBBDBFJBFBBBFFDBDBFJBXBBBBBBBBBBBBDBBBBBBBDBFBBBDBFJBBBBBBBDBFBBBDBFHBBFRBBBDBFJBFRVFBDBBBBDBFBBBDB"
    "FLFRBBBDBFJBFRNNBFR+BBBBDBBBBBBBDBBBBBBBDBFBBBDBPBBBBBBBDBFBBBDBFJBFRDBDBFJBFPBbBBBBBBBDBFBBBDBFJBFRBBBD"
    "BFJBFRbBFND+BBBBDBFJBFHJbBFR+BPpTDBBDBBBDBFDBDBFLFRBBBDBFJBFRPNFRNfHDBDBFJBFRbBFRHPNP+NPBFnTLZ+frHBBBDBD"
    "BDFBFBBBDHDFBPBDBBBBDBFBBBDBPBFPBDDBBPBFtBBBBBBBDHBBBDBFJBFRBBBDBFJBFRHTBFPB+BDFBPBFlHBXVzVBLRHBDBBBBFFB"
    "BBDBFJBFRDFBPBFHlBFRxDBBBDBFJBFRNNBFRpDHfPhBFNDzBhD++BRDDDHFBBFlFbVhFLDBdDBPDBFRhNFP+xzPxtTbBJBDjT";

constexpr char iq3_xxs_gaps[] =
    "ABBEBDABGIYBDBEBGDCBGKLHBBEGBGBDJFNDFABKiSTEKLBDFSPyWTDBUNPBEBGBEBBKAXBGGBuBEBGGhFBNIMPKDinDRSL+YNfBGBEB"
    "DCIeBBCBGGaDAHBGFABMAMTGDrDgNXTJa+QBKWbGBGBUMEFBNIKBaBEMUPOR+IOSFFLaeRUnUTKNBLD+YTOAPFQdekKgNU+YCBNxWWHF"
    "PWeNfHocKDiHW+arNxPBNcfdkjF+RgkwnNxBBARPrJpaEVMNUgPeBR+P";

constexpr char iq3_s_gaps[] =
    "AAACBAAABBBADFEBCBBBEBGCCAAABDADCCDBDGMDEFADBACCCDCDFCBBBMCHFDCBGBCFDBMBDCKDBCFFCFOJBLBDEFDBOEKCBNQOGBBL"
    "BDEMDTAABDABBBABGCBNBCIFABCBDEGCFGBNFBJCBADFFCJCJGCCACFFADEQFKBEBMBGDBDUGCFGBOmDCMBaBEBGLDQFHABBBABBBCBD"
    "ABGBBCBMACBCBFCDCCDCFGXCCJBEGBJDJCDBCDIBEBGFNKFICGCDYCGEIMAKMHBEJbDTDMBKEZGBBBCGBBEBCBJFHBBGEBMPJDBJFJBL"
    "YGDEBDAIBDFNHFEDGQFDMGBKEJJMSSfBMBKiDFFDCCGGPJEBBGFEFFDTBEEDJEOCFLEBEBGDiBRKAYLBJgYQTXEKKFYFDFNDCCLFEBBE"
    "GIfFIJEFMWEAOMELFFCLJLjLSB+CfBN+CBBLBUPPGcVRFKEFHLEO+ANONCYTUaoB+ADCIBLBLFPGKOBbCDFCGQYXCNVDFEXpPfWm";

template <size_t Entries, int Values, size_t Levels>
struct Grid {
  alignas(64) std::array<int8_t, Entries * Values> weights{};

  constexpr Grid(const char* gaps, const int8_t (&levels)[Levels]) {
    int number = -1;
    auto out = weights.begin();
    for (; *gaps != 0; ++gaps) {
      if (*gaps == '+') {
        number += 52;
        continue;
      }
      number += *gaps < 'a' ? *gaps - 'A' + 1 : *gaps - 'a' + 27;
      int digits = number;
      for (int i = 0; i < Values; ++i, digits /= static_cast<int>(Levels))
        *out++ = levels[static_cast<size_t>(digits) % Levels];
    }
  }
};

constexpr int8_t iq1_levels[] = {-8, 0, 8};
constexpr int8_t iq2_levels[] = {8, 25, 43};
constexpr int8_t iq3_xxs_levels[] = {4, 12, 20, 28, 36, 44, 52, 62};
constexpr int8_t iq3_s_levels[] = {1, 3, 5, 7, 9, 11, 13, 15};

/// The vectors of IQ1 with the positive delta, then with the negative one.
struct DeltaGrid {
  alignas(64) std::array<int8_t, 2 * 2048 * 8> weights{};

  constexpr explicit DeltaGrid(const Grid<2048, 8, 3>& grid) {
    const size_t half = grid.weights.size();
    for (size_t i = 0; i < half; ++i) {
      weights[i] = static_cast<int8_t>(grid.weights[i] + 1);
      weights[half + i] = static_cast<int8_t>(grid.weights[i] - 1);
    }
  }
};

constexpr Grid<2048, 8, 3> iq1_levels_grid(iq1_s_gaps, iq1_levels);
constexpr DeltaGrid iq1_grid(iq1_levels_grid);
constexpr Grid<256, 8, 3> iq2_xxs_grid(iq2_xxs_gaps, iq2_levels);
constexpr Grid<512, 8, 3> iq2_xs_grid(iq2_xs_gaps, iq2_levels);
constexpr Grid<1024, 8, 3> iq2_s_grid(iq2_s_gaps, iq2_levels);
constexpr Grid<256, 4, 8> iq3_xxs_grid(iq3_xxs_gaps, iq3_xxs_levels);
constexpr Grid<512, 4, 8> iq3_s_grid(iq3_s_gaps, iq3_s_levels);

/// Field `i` of `bits` bits, from the lowest.
uint32_t field(uint32_t word, int i, int bits) { return word >> (i * bits) & ((1u << bits) - 1); }

uint8_t odd_scale(uint32_t s) { return static_cast<uint8_t>(2 * s + 1); }

uint16_t index(uint32_t low, uint32_t high) { return static_cast<uint16_t>(low | high << 8); }

/// Seven signs with the eighth that makes their number even.
uint8_t even_signs(uint32_t seven) { return static_cast<uint8_t>(seven | (std::popcount(seven) & 1u) << 7); }

template <class F>
void expand_run(const GridRun& run, int8_t* weights) {
  constexpr int values = 8 / F::indices;
  for (int i = 0; i < 8; ++i) {
    const int level = F::grid()[run.index[i / values] * values + i % values];
    weights[i] = static_cast<int8_t>((run.signs >> i & 1) != 0 ? -level : level);
  }
}

template <class F>
void unpack_codes(const uint8_t* file, UnpackedBlock<F>& out) {
  GridRun run;
  for (int k8 = 0; k8 < F::block / 8; ++k8) {
    F::grid_fields(file, k8, run);
    int8_t weights[8];
    F::expand(run, weights);
    for (int i = 0; i < 8; ++i) out.code[8 * k8 + i] = static_cast<uint8_t>(weights[i]);
  }
}

/// Nibbles s, in order, to the scales 2s + 1.
template <class F>
void unpack_nibble_scales(const uint8_t* nibbles, UnpackedBlock<F>& out) {
  for (int i = 0; i < F::block / F::group; ++i) out.scale[i] = odd_scale(field(nibbles[i / 2], i % 2, 4));
}

}  // namespace

const int8_t* IQ1_S::grid() { return iq1_grid.weights.data(); }
const int8_t* IQ1_M::grid() { return iq1_grid.weights.data(); }
const int8_t* IQ2_XXS::grid() { return iq2_xxs_grid.weights.data(); }
const int8_t* IQ2_XS::grid() { return iq2_xs_grid.weights.data(); }
const int8_t* IQ2_S::grid() { return iq2_s_grid.weights.data(); }
const int8_t* IQ3_XXS::grid() { return iq3_xxs_grid.weights.data(); }
const int8_t* IQ3_S::grid() { return iq3_s_grid.weights.data(); }

void IQ1_S::expand(const GridRun& run, int8_t* weights) { expand_run<IQ1_S>(run, weights); }
void IQ1_M::expand(const GridRun& run, int8_t* weights) { expand_run<IQ1_M>(run, weights); }
void IQ2_XXS::expand(const GridRun& run, int8_t* weights) { expand_run<IQ2_XXS>(run, weights); }
void IQ2_XS::expand(const GridRun& run, int8_t* weights) { expand_run<IQ2_XS>(run, weights); }
void IQ2_S::expand(const GridRun& run, int8_t* weights) { expand_run<IQ2_S>(run, weights); }
void IQ3_XXS::expand(const GridRun& run, int8_t* weights) { expand_run<IQ3_XXS>(run, weights); }
void IQ3_S::expand(const GridRun& run, int8_t* weights) { expand_run<IQ3_S>(run, weights); }

// d f16 | 32 bytes of low indices | 8 u16: four times 3 bits of upper indices, 3 bits of scale, the sign of
// the delta
void IQ1_S::grid_fields(const uint8_t* file, int k8, GridRun& out) {
  const uint32_t high = read_u16(file + 34 + 2 * (k8 / 4));
  out = {{index(file[2 + k8], field(high, k8 % 4, 3) | high >> 15 << 3), 0}, 0};
}

void IQ1_S::unpack(const uint8_t* file, UnpackedBlock<IQ1_S>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  for (int i = 0; i < block / group; ++i) out.scale[i] = odd_scale(field(read_u16(file + 34 + 2 * i), 4, 3));
  unpack_codes(file, out);
}

// 32 bytes of low indices | 16 bytes of nibbles: 3 bits of upper index, the sign of the delta | 4 u16: four
// times 3 bits of scale, and a nibble of d, the lowest first
void IQ1_M::grid_fields(const uint8_t* file, int k8, GridRun& out) {
  const uint32_t nibble = field(file[32 + k8 / 2], k8 % 2, 4);
  out = {{index(file[k8], nibble), 0}, 0};
}

void IQ1_M::unpack(const uint8_t* file, UnpackedBlock<IQ1_M>& out) {
  clear(out);
  for (int i = 0; i < 4; ++i) {
    const uint32_t word = read_u16(file + 48 + 2 * i);
    out.d_bits[0] |= static_cast<uint16_t>(word >> 12 << (4 * i));
    for (int j = 0; j < 4; ++j) out.scale[4 * i + j] = odd_scale(field(word, j, 3));
  }
  unpack_codes(file, out);
}

// d f16 | 8 times: 4 bytes of indices, u32 of four times 7 signs and 4 bits of scale
void IQ2_XXS::grid_fields(const uint8_t* file, int k8, GridRun& out) {
  const uint8_t* group_bytes = file + 2 + 8 * (k8 / 4);
  out = {{group_bytes[k8 % 4], 0}, even_signs(field(read_u32(group_bytes + 4), k8 % 4, 7))};
}

void IQ2_XXS::unpack(const uint8_t* file, UnpackedBlock<IQ2_XXS>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  for (int i = 0; i < block / group; ++i) out.scale[i] = odd_scale(read_u32(file + 6 + 8 * i) >> 28);
  unpack_codes(file, out);
}

// d f16 | 32 u16: 9 bits of index, 7 signs | 8 bytes of scale nibbles
void IQ2_XS::grid_fields(const uint8_t* file, int k8, GridRun& out) {
  const uint16_t word = read_u16(file + 2 + 2 * k8);
  out = {{static_cast<uint16_t>(word & 511), 0}, even_signs(word >> 9)};
}

void IQ2_XS::unpack(const uint8_t* file, UnpackedBlock<IQ2_XS>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  unpack_nibble_scales(file + 66, out);
  unpack_codes(file, out);
}

// d f16 | 32 bytes of low indices | 32 bytes of signs | 8 bytes of upper index bits | 8 bytes of scale
// nibbles
void IQ2_S::grid_fields(const uint8_t* file, int k8, GridRun& out) {
  out = {{index(file[2 + k8], field(file[66 + k8 / 4], k8 % 4, 2)), 0}, file[34 + k8]};
}

void IQ2_S::unpack(const uint8_t* file, UnpackedBlock<IQ2_S>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  unpack_nibble_scales(file + 74, out);
  unpack_codes(file, out);
}

// d f16 | 64 bytes of indices | 8 u32: four times 7 signs and 4 bits of scale
void IQ3_XXS::grid_fields(const uint8_t* file, int k8, GridRun& out) {
  const uint32_t word = read_u32(file + 66 + 4 * (k8 / 4));
  out = {{file[2 + 2 * k8], file[3 + 2 * k8]}, even_signs(field(word, k8 % 4, 7))};
}

void IQ3_XXS::unpack(const uint8_t* file, UnpackedBlock<IQ3_XXS>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  for (int i = 0; i < block / group; ++i) out.scale[i] = odd_scale(read_u32(file + 66 + 4 * i) >> 28);
  unpack_codes(file, out);
}

// d f16 | 64 bytes of low indices | 8 bytes of upper index bits | 32 bytes of signs | 4 bytes of scale
// nibbles
void IQ3_S::grid_fields(const uint8_t* file, int k8, GridRun& out) {
  const uint8_t* low = file + 2 + 2 * k8;
  const uint32_t high = field(file[66 + k8 / 4], k8 % 4, 2);
  out = {{index(low[0], high & 1), index(low[1], high >> 1)}, file[74 + k8]};
}

void IQ3_S::unpack(const uint8_t* file, UnpackedBlock<IQ3_S>& out) {
  clear(out);
  out.d_bits[0] = read_u16(file);
  unpack_nibble_scales(file + 106, out);
  unpack_codes(file, out);
}

}  // namespace realizar::kernels
