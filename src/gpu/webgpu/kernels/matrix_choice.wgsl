// Ahead of products, behind epilogue.wgsl: which of several matrices, one after the other, a workgroup has rows of, and for
// which tokens. The results of a token's matrices stand side by side.
//
// Ahead of this stand `tokens`, `choice` and own_inputs: whether each of a token's matrices has an input of its own.
struct Choice {
  chosen_at: u32, chosen_stride: u32, lots_at: u32, count: u32,
  first_row: u32, part_rows: u32,  // the rows of all matrices that a part of the weights has
}

// As enum MatrixChoice::Kind counts.
const one_matrix = 0u;
const every_matrix = 1u;      // heads: `count` of them
const chosen_matrices = 2u;   // experts: the `count` that a token has in a slot
const grouped_matrices = 3u;  // the same, and tokens in lots with one expert, as group_by_expert.wgsl lists them
var<workgroup> members: array<u32, tokens>;  // of a lot: token * count + the place of the expert among the token's

// Eight rows of a matrix for n_tokens tokens. `part_row`, where they are in the part, may be beyond it on both sides.
struct Panel { matrix: u32, row: u32, part_row: u32, first_token: u32, n_tokens: u32 }

fn panel_of(c: Choice, n_rows: u32, n_tokens: u32, group: vec3<u32>, groups: vec3<u32>, thread: u32) -> Panel {
  var panel = Panel(0u, group.x * 8u, 0u, group.y * tokens, 0u);
  panel.n_tokens = min(tokens, n_tokens - panel.first_token);
  if (choice == one_matrix) {
    panel.row = (group.z * groups.x + group.x) * 8u;
  } else if (choice == every_matrix) {
    panel.matrix = group.z;
  } else if (choice == chosen_matrices) {
    panel.matrix = u32(out[c.chosen_at + panel.first_token * c.chosen_stride + group.z]);
  } else {
    panel.n_tokens = 0u;
    if (group.y < u32(out[c.lots_at])) {
      let lot = c.lots_at + 1u + 3u * group.y;
      panel.matrix = u32(out[lot]);
      panel.n_tokens = min(u32(out[lot + 2u]), tokens);
      if (thread < panel.n_tokens) {
        members[thread] = u32(out[c.chosen_at + u32(out[lot + 1u]) + thread]);
      }
    }
    workgroupBarrier();
  }
  panel.part_row = panel.row;
  if (choice != one_matrix) {
    panel.part_row += panel.matrix * n_rows - c.first_row;
  }
  return panel;
}

// The input of a panel's token `t`, or of the last.
fn input_of(c: Choice, panel: Panel, t: u32, group: vec3<u32>) -> u32 {
  let one = min(t, panel.n_tokens - 1u);
  if (choice == grouped_matrices) {
    return members[one] / select(c.count, 1u, own_inputs);
  }
  let token = panel.first_token + one;
  return select(token, token * c.count + group.z, own_inputs);
}

// What row `r` of a panel makes of its token `t`.
fn result_of(c: Choice, panel: Panel, n_rows: u32, t: u32, r: u32, group: vec3<u32>) -> Result {
  let row = panel.row + r;
  if (choice == one_matrix) {
    return Result(panel.first_token + t, row, 0u, row);
  }
  var token = panel.first_token + t;
  var place = group.z;
  if (choice == grouped_matrices) {
    token = members[t] / c.count;
    place = members[t] % c.count;
  }
  return Result(token, place * n_rows + row, panel.matrix, panel.matrix * n_rows + row);
}
