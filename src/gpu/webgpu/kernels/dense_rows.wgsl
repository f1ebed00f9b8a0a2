// Ahead of embed.wgsl: a table of dense rows in units of 16 bytes. Ahead of this stand `number` and dense_number.wgsl.
@group(0) @binding(3) var<storage, read> units: array<vec4<u32>>;

fn number_of(row: u32, column: u32, row_units: u32) -> f32 {
  return dense_number(units[row * row_units + column / unit_columns], column % unit_columns);
}
