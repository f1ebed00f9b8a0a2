// Ahead of kernels that rotate whole heads. Ahead of this stand `halves` and key_dim; behind it the buffers `x` and
// `angles`, and arguments with the view `angles`, n_pairs cosines, then sines, of a token, and n_pairs: the first
// 2 * n_pairs columns of a head turn.

// A column of a head, turned with the one it makes a pair with.
fn turned(token: u32, head_at: u32, column: u32) -> f32 {
  let value = x[head_at + column];
  if (column >= 2u * arguments.n_pairs) {
    return value;
  }
  var pair = column / 2u;
  var is_first = column % 2u == 0u;
  var partner = column ^ 1u;
  if (halves) {
    pair = column % arguments.n_pairs;
    is_first = column < arguments.n_pairs;
    partner = select(column - arguments.n_pairs, column + arguments.n_pairs, is_first);
  }
  let angle = arguments.angles.at + token * arguments.angles.stride + pair;
  let cosine = angles[angle];
  let sine = angles[angle + arguments.n_pairs];
  let other = x[head_at + partner];
  if (is_first) {
    return fma(value, cosine, -(other * sine));
  }
  return fma(other, sine, value * cosine);
}
