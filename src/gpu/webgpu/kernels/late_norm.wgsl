// Ahead of kernels that quantise what an RMS norm makes. Its factor is one for all columns, so that columns times their
// weights are quantised without it, and only d takes it: whoever quantises need not have seen all columns before. Their
// squares are added up in an order that depends on their number alone: four by four, then every 32nd of those, then these.
//
// Ahead of this stands n_steps.
const n_quads = n_steps * 64u;
var<workgroup> quad_squares: array<f32, n_quads>;
var<workgroup> lane_squares: array<f32, 32>;

struct LateNorm { weight_at: u32, inverse_width: f32, epsilon: f32 }

// Four columns, zeros beyond the last; then, behind a barrier, threads 0 to 31; then, behind another, the factor.
fn keep_squares(quad: u32, x: vec4<f32>) {
  quad_squares[quad] = fma(x.w, x.w, fma(x.z, x.z, fma(x.y, x.y, x.x * x.x)));
}

fn add_squares(lane: u32) {
  var sum = 0.0;
  for (var i = 0u; i < n_quads; i += 32u) {
    sum += quad_squares[i + lane];
  }
  lane_squares[lane] = sum;
}

fn four_squares(lane: u32) -> f32 {
  return (lane_squares[lane] + lane_squares[lane + 1u]) + (lane_squares[lane + 2u] + lane_squares[lane + 3u]);
}

fn late_factor(norm: LateNorm) -> f32 {
  let sum = ((four_squares(0u) + four_squares(4u)) + (four_squares(8u) + four_squares(12u))) +
            ((four_squares(16u) + four_squares(20u)) + (four_squares(24u) + four_squares(28u)));
  return 1.0 / sqrt(fma(sum, norm.inverse_width, norm.epsilon));
}
