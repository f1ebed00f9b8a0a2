// Ahead of products, behind epilogue.wgsl: which of several matrices, one after the other, a workgroup has rows of, and for
// which tokens. The results of a token's matrices stand side by side.
//
// Ahead of this stand `tokens`, `group_rows` (of a workgroup), `choice` and own_inputs: whether each of a token's matrices
// has an input of its own.
struct Choice {
  chosen_at: u32, chosen_stride: u32, lots_at: u32, count: u32,
  second: Tensor, third: Tensor,
}

// One matrix may be several tensors, one after the other: rows from first_row on go column_shift columns further,
// and stride_shift more for each token before, and have their biases bias_shift further.
struct Tensor { first_row: u32, column_shift: u32, stride_shift: u32, bias_shift: u32 }

// As enum MatrixChoice::Kind counts.
const one_matrix = 0u;
const every_matrix = 1u;      // heads: `count` of them
const chosen_matrices = 2u;   // experts: the `count` that a token has in a slot
const grouped_matrices = 3u;  // the same, and tokens in lots with one expert, as group_by_expert.wgsl lists them
var<workgroup> members: array<u32, tokens>;  // of a lot: token * count + the place of the expert among the token's

// What a workgroup does: rows of a matrix from `row` on, for n_tokens tokens.
struct Place { matrix: u32, row: u32, first_token: u32, n_tokens: u32 }

fn place_of(c: Choice, n_tokens: u32, group: vec3<u32>, groups: vec3<u32>, thread: u32) -> Place {
  var place = Place(0u, group.x * group_rows, group.y * tokens, 0u);
  place.n_tokens = min(tokens, n_tokens - place.first_token);
  if (choice == one_matrix) {
    place.row = (group.z * groups.x + group.x) * group_rows;
  } else if (choice == every_matrix) {
    place.matrix = group.z;
  } else if (choice == chosen_matrices) {
    place.matrix = u32(out[c.chosen_at + place.first_token * c.chosen_stride + group.z]);
  } else {
    place.n_tokens = 0u;
    if (group.y < u32(out[c.lots_at])) {
      let lot = c.lots_at + 1u + 3u * group.y;
      place.matrix = u32(out[lot]);
      place.n_tokens = min(u32(out[lot + 2u]), tokens);
      if (thread < place.n_tokens) {
        members[thread] = u32(out[c.chosen_at + u32(out[lot + 1u]) + thread]);
      }
    }
    workgroupBarrier();
  }
  return place;
}

// The input of a place's token `t`, or of the last.
fn input_of(c: Choice, place: Place, t: u32, group: vec3<u32>) -> u32 {
  let one = min(t, place.n_tokens - 1u);
  if (choice == grouped_matrices) {
    return members[one] / select(c.count, 1u, own_inputs);
  }
  let token = place.first_token + one;
  return select(token, token * c.count + group.z, own_inputs);
}

// What row `row` of the matrix makes of a place's token `t`.
fn result_of(c: Choice, place: Place, n_rows: u32, t: u32, row: u32, group: vec3<u32>) -> Result {
  var token = place.first_token + t;
  if (choice == one_matrix) {
    if (row >= c.third.first_row) {
      return Result(token, row + c.third.column_shift + token * c.third.stride_shift, 0u, row + c.third.bias_shift);
    }
    if (row >= c.second.first_row) {
      return Result(token, row + c.second.column_shift + token * c.second.stride_shift, 0u, row + c.second.bias_shift);
    }
    return Result(token, row, 0u, row);
  }
  var which = group.z;
  if (choice == grouped_matrices) {
    token = members[t] / c.count;
    which = members[t] % c.count;
  }
  return Result(token, which * n_rows + row, place.matrix, place.matrix * n_rows + row);
}
