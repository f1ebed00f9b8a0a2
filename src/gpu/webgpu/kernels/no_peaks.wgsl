// Where nobody asks for the peaks of keep_peaks.wgsl.
fn keep_peak(at: u32, value: f32) {
}
