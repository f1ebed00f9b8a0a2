// Behind kernels whose results are quantised by the product that takes them: the greatest magnitude of every 256 results of
// one token, as int8.wgsl has it. Behind this stands the number of the kernel's buffers, n_buffers.
@group(0) @binding(n_buffers) var<storage, read_write> peaks: array<atomic<u32>>;

fn keep_peak(at: u32, value: f32) {
  atomicMax(&peaks[at], magnitude_of(value));
}
