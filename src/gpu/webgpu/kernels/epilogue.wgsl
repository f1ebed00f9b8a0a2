// Ahead of products: what becomes of the sums of a row before they are stored. Behind this stand the buffers `out` and
// `vectors`; ahead of it `epilogue`, `has_bias`, `scales_differ` (each matrix has one) and activations.wgsl.
struct View { at: u32, stride: u32 }
struct Epilogue { bias_at: u32, scales_at: u32, scale: f32, other: View, factor: f32 }

// As enum ProductEpilogue::Kind counts.
const plain = 0u;
const add_other = 1u;        // other + factor * y
const gate_other = 2u;       // activation(other) * y
const activate_alone = 3u;   // activation(y)

// What a sum is of: column `column` of a token's results, and row `row` of all matrices, which is one of `matrix`.
struct Result { token: u32, column: u32, matrix: u32, row: u32 }

// What an epilogue needs beside the sum.
struct Operands { scale: f32, bias: f32, other: f32 }

fn operands_of(e: Epilogue, place: Result) -> Operands {
  var operands = Operands(e.scale, 0.0, 0.0);
  if (scales_differ) {
    operands.scale = vectors[e.scales_at + place.matrix];
  }
  if (has_bias) {
    operands.bias = vectors[e.bias_at + place.row];
  }
  if (epilogue == add_other || epilogue == gate_other) {
    operands.other = out[e.other.at + place.token * e.other.stride + place.column];
  }
  return operands;
}

// y = scale * the sum + bias, and what follows.
fn finished(e: Epilogue, operands: Operands, sum: f32) -> f32 {
  var y = operands.scale * sum;
  if (has_bias) {
    y = fma(operands.scale, sum, operands.bias);
  }
  if (epilogue == add_other) {
    return fma(e.factor, y, operands.other);
  }
  if (epilogue == gate_other) {
    return gate_of(operands.other, y);
  }
  if (epilogue == activate_alone) {
    return activated(y);
  }
  return y;
}
