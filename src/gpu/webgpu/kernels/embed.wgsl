// out = factor * the row of each token, of those that stand in a part of a table. A token -1 - i is the one that row i chose
// last; where none could be chosen, any will do.
//
// Ahead of this stands dense_rows.wgsl or block_rows.wgsl.
struct View { at: u32, stride: u32 }
struct Arguments {
  out: View, n_cols: u32, row_stride: u32, first_row: u32, n_rows: u32, tokens_at: u32, factor: f32,
}
var<immediate> arguments: Arguments;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> chosen: array<i32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  var token = i32(batch[arguments.tokens_at + id.y]);
  if (token < 0) {
    token = max(0, chosen[-1 - token]);
  }
  let row = u32(token) - arguments.first_row;  // beyond n_rows in another part, whether before or behind
  if (id.x < arguments.n_cols && row < arguments.n_rows) {
    x[arguments.out.at + id.y * arguments.out.stride + id.x] =
        arguments.factor * number_of(row, id.x, arguments.row_stride);
  }
}
