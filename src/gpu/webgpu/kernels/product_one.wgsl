// out (n_rows) of one token = its codes times rows of weights in blocks of 256 columns: the numbers of product.wgsl, bit by
// bit, since integers of a step may be added in any order, by as many threads as keep a GPU busy. A workgroup has `sets`
// times `rows` rows, one set after the other; a step of a row is shared by `parts` threads, and the steps of a stretch, at
// most `rounds`, are done by the same threads. All that a thread needs for a set is being loaded before it waits for any.
//
// Ahead of this stand product_sums.wgsl, `rows`, `sets`, `parts`, `rounds`, `splits` and is_f32_input. Repetitions count
// the chunks of a part by words of scales.
const chunks_of_part = chunks_per_step / parts;
const chunks_of_word = min(chunks_of_part, chunks_per_word);
// Where this holds, the place of a chunk in a word is that in its part, which is a literal.
const is_aligned = chunks_of_part % max(2u, chunks_per_word) == 0u;

const slots = splits * halves * rounds;  // steps of a row
var<workgroup> products: array<array<i32, rows>, slots * parts>;
var<workgroup> minima: array<array<i32, rows>, select(1u, slots * parts, has_min)>;
var<workgroup> chains: array<array<f32, rows>, splits * halves>;

@compute @workgroup_size(rows * parts * halves * splits)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) index: u32) {
  let place = place_of(sizes.choice, sizes.n_tokens, group, groups, index);
  let r = index % rows;
  let sets_there = min(sets, (sizes.n_rows - min(place.row, sizes.n_rows) + rows - 1u) / rows);
  for (var turn = 0u; turn < select(sets_there, 1u, sets == 1u); turn++) {
    let row = place.row + turn * rows + r;
    let panels_of_matrix = (sizes.n_rows + panel_rows - 1u) / panel_rows;
    let panel = row / panel_rows;
    let lane = row % panel_rows;
    // Where it stands in the part, beyond it on both sides where another part has it.
    let stored = place.matrix * panels_of_matrix + panel - sizes.first_panel;
    let is_there = place.n_tokens > 0u && panel < panels_of_matrix && stored < sizes.n_panels;
    let first_weights = select(0u, stored * halves, is_there) * sizes.n_steps;
    let input = input_of(sizes.choice, place, 0u, group) * sizes.n_steps;

    // What a thread multiplies.
    let part = index / rows % parts;
    let half = index / (rows * parts) % halves;
    let split = index / (rows * parts * halves);
    let weights = first_weights + half * sizes.n_steps;
    let first_step = split * sizes.n_steps / splits;
    let end = (split + 1u) * sizes.n_steps / splits;
    #repeat m rounds
    let step#m = min(first_step + #mu, end - 1u);
    #repeat k part_words
    let word#m_#k = load_scale_word(weights + step#m,
        first_chunk_word + (part * chunks_of_part + #ku * chunks_of_word) / chunks_per_word, lane);
    #repeat e word_chunks
    let words#m_#k_#e = load_words(weights + step#m, part * chunks_of_part + #ku * chunks_of_word + #eu, lane);
    #end
    #end
    #end
    // The stretch of a row, or of one of its halves, whose FMAs it makes.
    let chain_half = index / rows % halves;
    let chain_split = min(index / (rows * halves), splits - 1u);
    let first_of_chain = chain_split * sizes.n_steps / splits;
    let end_of_chain = (chain_split + 1u) * sizes.n_steps / splits;
    #repeat m rounds
    let chain_step#m = min(first_of_chain + #mu, end_of_chain - 1u);
    let head#m = load_scale_word(first_weights + chain_half * sizes.n_steps + chain_step#m, 0u, lane);
    let token_d#m = input_d(input + chain_step#m);
    #end
    // The result that it finishes.
    let finishes = index < rows && is_there && row < sizes.n_rows;
    var result: Result;
    var operands: Operands;
    var peak_weight = 1.0;
    if (finishes) {
      result = result_of(sizes.choice, place, sizes.n_rows, 0u, row, group);
      operands = operands_of(sizes.epilogue, result);
      peak_weight = peak_weight_of(result);
    }
    if (turn == 0u) {
      prepare_input(index);
      if (is_f32_input) {
        workgroupBarrier();
        finish_input(index);
      }
    }

    #repeat m rounds
    {
      var x = 0;
      var correction = vec2<i32>();
      #repeat k part_words
      #repeat e word_chunks
      {
        let in_part = #ku * chunks_of_word + #eu;
        let chunk = part * chunks_of_part + in_part;
        let of_word = select(chunk, in_part, is_aligned);
        let at = (input + step#m) * chunks_per_step + chunk;
        let s = scales_of(word#m_#k, of_word);
        x += dots(unpacked(words#m_#k_#e, of_word), s, input_codes(2u * at), input_codes(2u * at + 1u));
        correction += corrections(s, input_sums(at));
      }
      #end
      #end
      let slot = ((split * halves + half) * rounds + #mu) * parts + part;
      products[slot][r] = x - correction.x;
      if (has_min) {
        minima[slot][r] = correction.y;
      }
    }
    #end
    workgroupBarrier();
    if (index < rows * halves * splits) {
      var chain = 0.0;
      #repeat m rounds
      if (first_of_chain + #mu < end_of_chain) {
        let slot = ((chain_split * halves + chain_half) * rounds + #mu) * parts;
        var x = products[slot][r];
        var y = 0;
        for (var i = 1u; i < parts; i++) {
          x += products[slot + i][r];
        }
        if (has_min) {
          for (var i = 0u; i < parts; i++) {
            y += minima[slot + i][r];
          }
        }
        chain = added(chain, d_of(head#m, 0u), scaled_d(token_d#m), x, vec2(0, y));
      }
      #end
      chains[chain_split * halves + chain_half][r] = chain;
    }
    workgroupBarrier();
    if (finishes) {
      var sum = 0.0;
      var gated_sum = 0.0;
      for (var i = 0u; i < splits; i++) {
        sum += chains[i * halves][r];
        if (is_gated) {
          gated_sum += chains[i * halves + 1u][r];
        }
      }
      store_finished(result, operands, peak_weight, sum, gated_sum);
    }
  }
}
