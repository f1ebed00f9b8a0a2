// The `kept` candidates that rank first of every 1024 of a row, in their order, by a workgroup: runs of `kept` are sorted by
// bitonic merges, then two runs at a time become one, whose better half is sorted again.
//
// A candidate is a key and a token: the larger key ranks first, of equal ones the lower token. Keys are in the order of
// logits; 0 is that of -infinity and of what is beyond the last candidate, the largest that of NaN and +infinity.
//
// Ahead of this stand `of_logits` (else the input is candidates) and `kept`, a power of two up to 1024.
struct Arguments { n: u32, n_kept: u32 }  // candidates of a row before and after
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read> row_numbers: array<u32>;  // (rows, n) logits, or keys and tokens side by side
@group(0) @binding(1) var<storage, read_write> out: array<u32>;    // (rows, n_kept) keys and tokens

const threads = 256u;
const all = 1024u;
var<workgroup> keys: array<u32, all>;
var<workgroup> tokens: array<u32, all>;

fn key_of(logit_bits: u32) -> u32 {
  let magnitude = logit_bits & 0x7fffffffu;
  if (logit_bits == 0xff800000u) {  // -infinity
    return 0u;
  }
  if (magnitude >= 0x7f800000u) {  // +infinity and NaN
    return 0xffffffffu;
  }
  if (magnitude == 0u || logit_bits == magnitude) {  // both zeros are equal
    return magnitude | 0x80000000u;
  }
  return ~logit_bits;
}

// The better of two places comes to stand in the first.
fn put_in_order(a: u32, b: u32) {
  let a_key = keys[a];
  let b_key = keys[b];
  let a_token = tokens[a];
  let b_token = tokens[b];
  if (b_key > a_key || (b_key == a_key && b_token < a_token)) {
    keys[a] = b_key;
    keys[b] = a_key;
    tokens[a] = b_token;
    tokens[b] = a_token;
  }
}

// Sorts `n_runs` runs of `length`, `stride` apart, in each of which a sorted half stands before, or behind, worse ones.
fn merge_halves(thread: u32, length: u32, stride: u32, n_runs: u32) {
  for (var half = length / 2u; half > 0u; half /= 2u) {
    for (var pair = thread; pair < n_runs * length / 2u; pair += threads) {
      let in_run = pair % (length / 2u);
      let at = pair / (length / 2u) * stride + in_run / half * 2u * half + in_run % half;
      put_in_order(at, at + half);
    }
    workgroupBarrier();
  }
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  for (var i = thread; i < all; i += threads) {
    let index = group.x * all + i;
    keys[i] = 0u;
    tokens[i] = 0xffffffffu;
    if (index < arguments.n) {
      let at = group.y * arguments.n + index;
      if (of_logits) {
        keys[i] = key_of(row_numbers[at]);
        tokens[i] = index;
      } else {
        keys[i] = row_numbers[2u * at];
        tokens[i] = row_numbers[2u * at + 1u];
      }
    }
  }
  workgroupBarrier();
  // Two sorted halves of a run, one read backwards, are halves of which each number of one is better than each of the other.
  for (var length = 2u; length <= kept; length *= 2u) {
    for (var pair = thread; pair < all / 2u; pair += threads) {
      let first = pair / (length / 2u) * length;
      let i = pair % (length / 2u);
      put_in_order(first + i, first + length - 1u - i);
    }
    workgroupBarrier();
    merge_halves(thread, length / 2u, length / 2u, 2u * all / length);
  }
  for (var stride = kept; stride < all; stride *= 2u) {
    for (var pair = thread; pair < all / stride / 2u * kept; pair += threads) {
      let first = pair / kept * 2u * stride;
      let i = pair % kept;
      put_in_order(first + i, first + stride + kept - 1u - i);
    }
    workgroupBarrier();
    merge_halves(thread, kept, 2u * stride, all / stride / 2u);
  }
  for (var i = thread; i < kept; i += threads) {
    let at = group.y * arguments.n_kept + group.x * kept + i;
    out[2u * at] = keys[i];
    out[2u * at + 1u] = tokens[i];
  }
}
