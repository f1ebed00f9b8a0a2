// out (n_tokens, n_rows) = the tokens times rows of quantised weights, which stand as weight_layout.hpp says. A thread has a
// row of each of some panels, of `results` results, and `tokens` tokens, a line of 32 threads whole panels. Over the steps
// of a row it adds up integers inside a block, then FMAs, in a chain for each of `splits` stretches of steps; the sums of the
// stretches are added in order. So what a number is made of, and in which order, depends on the shape of the weights alone.
//
// Few tokens: the lines of a workgroup share its panels, a stretch each (`shares_rows`; lines == splits). Many tokens: every
// line has panels of its own, and their stretches one after the other.
//
// Panels of gates and of what they gate stand by turns (`is_gated`): two of them make one panel of results.
//
// Ahead of this stand product_sums.wgsl, int8_input.wgsl, `tokens`, `results`, `splits`, `lines` and shares_rows.
// Repetitions count chunks by words of scales (`chunk_words`, chunks_per_word). Either all are loaded before a line waits
// for the tokens (`early`), or each while the one before is multiplied (`late`), in one loop.
var<workgroup> sums: array<array<f32, panel_rows>, select(1u, lines * results * halves * tokens, shares_rows)>;

// The tokens' codes of the step that a line is at: of each line, or of all where all are at the same.
const stages = select(1u, lines, shares_rows);
var<workgroup> inputs: array<u32, tokens>;
var<workgroup> staged_codes: array<vec4<u32>, stages * tokens * 16u>;
var<workgroup> staged_chunks: array<vec4<u32>, stages * tokens * 4u>;

// Two sums of 16 codes, and d.
fn about_chunk(staged: u32, chunk: u32) -> vec2<u32> {
  let two = staged_chunks[staged * (chunks_per_step / 2u) + chunk / 2u];
  return select(two.xy, two.zw, chunk % 2u == 1u);
}

@compute @workgroup_size(panel_rows * lines)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) index: u32) {
  let lane = index % panel_rows;
  let line = index / panel_rows;
  let place = place_of(sizes.choice, sizes.n_tokens, group, groups, index);
  let panels_of_matrix = (sizes.n_rows + panel_rows - 1u) / panel_rows;
  let first_panel = place.row / panel_rows + select(line * results, 0u, shares_rows);
  #repeat r results
  let panel#r = first_panel + #ru;
  // Where it stands in the part, beyond it on both sides where another part has it.
  let stored#r = place.matrix * panels_of_matrix + panel#r - sizes.first_panel;
  let is_there#r = place.n_tokens > 0u && panel#r < panels_of_matrix && stored#r < sizes.n_panels;
  #repeat h halves
  let weights#r_#h = select(0u, stored#r * halves + #hu, is_there#r) * sizes.n_steps;
  #repeat t tokens
  var total#r_#h_#t = 0.0;
  #end
  #end
  #end
  if (index < tokens) {
    inputs[index] = input_of(sizes.choice, place, index, group) * sizes.n_steps;
  }

  // A line that has one split, or all of them; all lines make as many rounds, so as to meet.
  let most_steps = (sizes.n_steps + splits - 1u) / splits;
  let stage = select(0u, line, shares_rows);
  let stagers = select(panel_rows * lines, panel_rows, shares_rows);
  for (var round = 0u; round < select(splits, 1u, shares_rows); round++) {
    let split = select(round, line, shares_rows);
    let first_step = split * sizes.n_steps / splits;
    let end = (split + 1u) * sizes.n_steps / splits;
    #repeat r results
    #repeat h halves
    #repeat t tokens
    var chain#r_#h_#t = 0.0;
    #end
    #end
    #end
    for (var i = 0u; i < most_steps; i++) {
      let step = min(first_step + i, end - 1u);
      // All that a thread loads is under way before it waits for any of it.
      #repeat r results
      #repeat h halves
      let head#r_#h = load_scale_word(weights#r_#h + step, 0u, lane);
      #repeat k chunk_words
      let word#r_#h_#k = load_scale_word(weights#r_#h + step, first_chunk_word + #ku, lane);
      #repeat e early_chunks
      let early#r_#h_#k_#e = load_words(weights#r_#h + step, #ku * chunks_per_word + #eu, lane);
      #end
      #end
      #repeat l late
      var next#r_#h = load_words(weights#r_#h + step, 0u, lane);
      var next_scales#r_#h = load_scale_word(weights#r_#h + step, first_chunk_word, lane);
      #end
      #end
      #end
      workgroupBarrier();
      for (var j = index % stagers; j < tokens * 16u; j += stagers) {
        staged_codes[stage * tokens * 16u + j] = codes[(inputs[j / 16u] + step) * 16u + j % 16u];
      }
      for (var j = index % stagers; j < tokens * 4u; j += stagers) {
        staged_chunks[stage * tokens * 4u + j] = chunks[(inputs[j / 4u] + step) * 4u + j % 4u];
      }
      workgroupBarrier();
      if (first_step + i < end) {
        #repeat r results
        #repeat h halves
        #repeat t tokens
        var x#r_#h_#t = 0;
        #end
        #end
        #end
        #repeat k body_words
        #repeat e body_chunks
        #repeat l late
        for (var late_chunk = 0u; late_chunk < chunks_per_step; late_chunk++)
        #end
        {
          #repeat a early
          let chunk = #ku * chunks_per_word + #eu;
          #end
          #repeat l late
          let chunk = late_chunk;
          let next_chunk = min(chunk + 1u, chunks_per_step - 1u);
          #end
          #repeat r results
          #repeat h halves
          #repeat a early
          let scales#r_#h = word#r_#h_#k;
          let w#r_#h = unpacked(early#r_#h_#k_#e, chunk);
          #end
          #repeat l late
          let scales#r_#h = next_scales#r_#h;
          let w#r_#h = unpacked(next#r_#h, chunk);
          next#r_#h = load_words(weights#r_#h + step, next_chunk, lane);
          next_scales#r_#h = load_scale_word(weights#r_#h + step, first_chunk_word + next_chunk / chunks_per_word, lane);
          #end
          let s#r_#h = scales_of(scales#r_#h, chunk);
          #end
          #end
          #repeat t tokens
          {
            let first = staged_codes[((stage * tokens + #tu) * chunks_per_step + chunk) * 2u];
            let second = staged_codes[((stage * tokens + #tu) * chunks_per_step + chunk) * 2u + 1u];
            #repeat r results
            #repeat h halves
            x#r_#h_#t += dots(w#r_#h, s#r_#h, first, second);
            #end
            #end
            if (block == 32u) {
              let about = about_chunk(stage * tokens + #tu, chunk);
              #repeat r results
              #repeat h halves
              chain#r_#h_#t = added(chain#r_#h_#t, d_of(scales#r_#h, chunk), bitcast<f32>(about.y), x#r_#h_#t,
                                 corrections(s#r_#h, unpacked_sums(about.x)));
              x#r_#h_#t = 0;
              #end
              #end
            }
          }
          #end
        }
        #end
        #end
        if (block == 256u) {
          #repeat t tokens
          {
            #repeat r results
            #repeat h halves
            var correction#r_#h = vec2<i32>();
            #end
            #end
            #repeat k chunk_words
            #repeat e chunks_per_word
            {
              let chunk = #ku * chunks_per_word + #eu;
              let code_sums = unpacked_sums(about_chunk(stage * tokens + #tu, chunk).x);
              #repeat r results
              #repeat h halves
              correction#r_#h += corrections(scales_of(word#r_#h_#k, chunk), code_sums);
              #end
              #end
            }
            #end
            #end
            let token_d = bitcast<f32>(about_chunk(stage * tokens + #tu, 0u).y);
            #repeat r results
            #repeat h halves
            chain#r_#h_#t = added(chain#r_#h_#t, d_of(head#r_#h, 0u), token_d, x#r_#h_#t, correction#r_#h);
            #end
            #end
          }
          #end
        }
      }
    }
    #repeat r results
    #repeat h halves
    #repeat t tokens
    total#r_#h_#t += chain#r_#h_#t;
    #end
    #end
    #end
  }
  if (shares_rows) {
    #repeat r results
    #repeat h halves
    #repeat t tokens
    sums[((line * results + #ru) * halves + #hu) * tokens + #tu][lane] = total#r_#h_#t;
    #end
    #end
    #end
    workgroupBarrier();
    // Now a line makes one panel of a token.
    for (var i = line; i < results * tokens; i += lines) {
      let t = i % tokens;
      let p = i / tokens;
      let stored = place.matrix * panels_of_matrix + first_panel + p - sizes.first_panel;
      if (place.n_tokens > 0u && first_panel + p < panels_of_matrix && stored < sizes.n_panels) {
        var sum = 0.0;
        var gated_sum = 0.0;
        for (var split = 0u; split < lines; split++) {
          sum += sums[(split * results + p) * halves * tokens + t][lane];
          if (is_gated) {
            gated_sum += sums[((split * results + p) * halves + 1u) * tokens + t][lane];
          }
        }
        store(place, t, (first_panel + p) * panel_rows + lane, group, sum, gated_sum);
      }
    }
  } else {
    #repeat r results
    if (is_there#r) {
      #repeat t tokens
      {
        var gated = 0.0;
        #repeat g gates
        gated = total#r_1_#t;
        #end
        store(place, #tu, panel#r * panel_rows + lane, group, total#r_0_#t, gated);
      }
      #end
    }
    #end
  }
}
