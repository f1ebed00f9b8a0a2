// out (n_tokens, n_rows) = x (n_tokens, n_cols) @ weights (n_rows, n_cols)^T in f32. A thread makes one number, by FMAs
// in the order of the columns: its bits do not depend on what else is computed.
struct Sizes { n_tokens: u32, n_rows: u32, n_cols: u32 }
var<immediate> sizes: Sizes;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

const tile = 16u;
var<workgroup> x_tile: array<array<f32, tile>, tile>;       // (tokens, columns)
var<workgroup> weight_tile: array<array<f32, tile>, tile>;  // (columns, rows)

@compute @workgroup_size(tile, tile)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) thread: vec3<u32>) {
  let row = group.x * tile + thread.x;
  let token = group.y * tile + thread.y;
  var sum = 0.0;
  for (var first = 0u; first < sizes.n_cols; first += tile) {
    // Neighbouring threads load neighbouring columns.
    let column = first + thread.x;
    let loaded_row = group.x * tile + thread.y;
    x_tile[thread.y][thread.x] = 0.0;
    weight_tile[thread.x][thread.y] = 0.0;
    if (column < sizes.n_cols && token < sizes.n_tokens) {
      x_tile[thread.y][thread.x] = x[token * sizes.n_cols + column];
    }
    if (column < sizes.n_cols && loaded_row < sizes.n_rows) {
      weight_tile[thread.x][thread.y] = weights[loaded_row * sizes.n_cols + column];
    }
    workgroupBarrier();
    for (var k = 0u; k < min(tile, sizes.n_cols - first); k++) {
      sum = fma(x_tile[thread.y][k], weight_tile[k][thread.x], sum);
    }
    workgroupBarrier();
  }
  if (row < sizes.n_rows && token < sizes.n_tokens) {
    out[token * sizes.n_rows + row] = sum;
  }
}
