// Tokens times rows of weights in f32, f16 or bf16, which stand row by row in units of 16 bytes. A workgroup makes 8 rows
// for up to `tokens` tokens; a lane adds up every eighth unit of a row, and the 8 sums of a row are added one after the
// other.
//
// Ahead of this stand dense_number.wgsl, `number`, `tokens`, group_rows (8), epilogue.wgsl and matrix_choice.wgsl.
struct Arguments {
  n_rows: u32, n_cols: u32, row_units: u32, n_tokens: u32, first_row: u32, part_rows: u32,  // the last two: of the part
  out: View, epilogue: Epilogue, choice: Choice,
}
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read> weights: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> x: array<f32>;  // (inputs, n_cols)
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read> vectors: array<f32>;

const rows = group_rows;
const lanes = 8u;
var<workgroup> sums: array<array<f32, lanes * rows>, tokens>;

// Where row `r` of a place stands in the part, beyond it on both sides where another part has it.
fn part_row(place: Place, r: u32) -> u32 {
  return place.matrix * arguments.n_rows + place.row + r - arguments.first_row;
}

fn is_there(place: Place, r: u32) -> bool {
  return place.n_tokens > 0u && place.row + r < arguments.n_rows && part_row(place, r) < arguments.part_rows;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let lane = thread % lanes;
  let place = place_of(arguments.choice, arguments.n_tokens, group, groups, thread);
  var sum: array<f32, tokens>;
  if (is_there(place, thread / lanes)) {
    let row_at = part_row(place, thread / lanes) * arguments.row_units;
    for (var unit = lane; unit < arguments.row_units; unit += lanes) {
      let w = weights[row_at + unit];
      let column = unit * unit_columns;
      for (var i = 0u; i < min(unit_columns, arguments.n_cols - column); i++) {
        for (var t = 0u; t < tokens; t++) {
          let input = input_of(arguments.choice, place, t, group);
          sum[t] = fma(dense_number(w, i), x[input * arguments.n_cols + column + i], sum[t]);
        }
      }
    }
  }
  for (var t = 0u; t < tokens; t++) {
    sums[t][thread] = sum[t];
  }
  workgroupBarrier();
  for (var i = thread; i < rows * tokens; i += rows * lanes) {
    let r = i % rows;
    let t = i / rows;
    if (is_there(place, r) && t < place.n_tokens) {
      var total = 0.0;
      for (var l = 0u; l < lanes; l++) {
        total += sums[t][r * lanes + l];
      }
      let result = result_of(arguments.choice, place, arguments.n_rows, t, place.row + r, group);
      let at = arguments.out.at + result.token * arguments.out.stride + result.column;
      out[at] = finished(arguments.epilogue, operands_of(arguments.epilogue, result), total);
    }
  }
}
