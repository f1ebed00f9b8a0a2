# Sourced by the scripts beside it: where the project is, how to speak, how to build.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }

die() {
  say "${0##*/}: $*"
  exit 1
}

# build PRESET [TARGET...]: configures once, then builds. On a terminal ninja's one line of progress shows; elsewhere
# the output is kept back unless something fails.
build() {
  local preset=$1 log
  local folder=$root/build/$preset
  shift
  mkdir -p "$folder"
  log=$folder/build.log
  local configure=(cmake --preset "$preset")
  if command -v ccache >/dev/null; then configure+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  if [ ! -e "$folder/build.ninja" ]; then
    (cd "$root" && "${configure[@]}") >"$log" 2>&1 || { cat "$log" >&2; die "cmake could not configure the $preset build"; }
  fi
  local ninja=(ninja -C "$folder" -j "$(nproc)" "$@")
  if [ -t 2 ]; then
    NINJA_STATUS='building [%f/%t] ' "${ninja[@]}" >&2 || die "the $preset build failed"
  else
    "${ninja[@]}" >"$log" 2>&1 || { grep -A20 -E '^FAILED|error' "$log" | head -60 >&2; die "the $preset build failed; all of its output is in $log"; }
  fi
}
