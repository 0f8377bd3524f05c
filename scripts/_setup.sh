# shellcheck shell=bash
# Shared set-up of the scripts, to be sourced: makes .venv in the repo root and keeps it up to date.
#
# Sets `root` (the repo root) and `venv`, and leaves PATH as it is.
# PYTHON=/path/to/python chooses the interpreter of a new environment.
# A script that needs another environment sets, before: `environment` (its folder), `extras` (of the project)
# and `requirements` (a file of more pinned packages, below the repo root).

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/${environment:-.venv}

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
  say "$@"
  exit 2
}

# Run a command as root, or fail without asking for a password.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    return 1
  fi
}

# Tell whether a Debian package, or a program of the same name, is there.
have_package() {
  command -v "$1" >/dev/null 2>&1 ||
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Install the Debian packages that are missing, or tell how.
need_apt() {
  local package missing=() log
  for package in "$@"; do
    have_package "$package" || missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  command -v apt-get >/dev/null 2>&1 || die "please install: ${missing[*]}"
  say "installing ${missing[*]} ..."
  if ! log=$({ as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } 2>&1); then
    printf '%s\n' "$log" | tail -n 15 >&2
    die "please run: sudo apt-get update && sudo apt-get install -y ${missing[*]}"
  fi
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# Print the interpreter to make the environment with.
find_python() {
  local name
  if [ -n "${PYTHON:-}" ]; then
    new_enough "$PYTHON" || die "PYTHON=$PYTHON is no Python 3.11 or newer"
    printf '%s\n' "$PYTHON"
    return
  fi
  for name in python3 python3.11 python3.12 python3.13 python3.14 python; do
    if new_enough "$name"; then
      printf '%s\n' "$name"
      return
    fi
  done
  die "Python 3.11 or newer is needed; found: $(python3 --version 2>&1 || true) (on Debian 12 or newer: apt-get install python3 python3-venv)"
}

# Print what the environment should be made from: the pins, the project's needs, the interpreter, the place.
wanted_stamp() {
  "$venv/bin/python" - "$root" ${requirements:+"$requirements"} <<'PYTHON'
import hashlib, pathlib, sys
root = pathlib.Path(sys.argv[1])
made_of = [(root / name).read_bytes() for name in ("constraints.txt", "pyproject.toml", *sys.argv[2:])]
print(hashlib.sha256(repr((made_of, sys.version, str(root))).encode()).hexdigest())
PYTHON
}

up_to_date() {
  local have want
  [ -x "$venv/bin/python" ] && [ -r "$venv/.stamp" ] || return 1
  have=$(cat "$venv/.stamp") && want=$(wanted_stamp 2>/dev/null) && [ "$have" = "$want" ] && same_python
}

# Tell whether the environment has the Python that PYTHON asks for, if it asks.
same_python() {
  local version='import sys; print(sys.version)'
  [ -z "${PYTHON:-}" ] || [ "$("$PYTHON" -c "$version")" = "$("$venv/bin/python" -c "$version")" ]
}

# Tell whether the environment can be brought up to date: whole, of the right Python, and not moved since.
sound_venv() {
  new_enough "$venv/bin/python" && same_python &&
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 &&
    grep -qF "$venv/bin/" "$venv/bin/pip" 2>/dev/null
}

# Run pip in the environment; print what it said only if it fails.
quiet_pip() {
  local log
  if ! log=$("$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@" 2>&1); then
    printf '%s\n' "$log" | grep -v '^WARNING' | tail -n 30 >&2
    die "setting up ${venv##*/} failed, see above; pip must reach a package index. Run the same command again to go on"
  fi
}

make_venv() {
  local python
  python=$(find_python) || exit 2
  if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    need_apt "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
  fi
  "$python" -m venv --clear "$venv" || die "cannot make $venv with $python (is its venv module installed?)"
}

set_up() {
  up_to_date && return
  exec 9<"$root/constraints.txt"
  lock_set_up
  if ! up_to_date; then
    say "setting up ${venv##*/} (the first run takes about a minute) ..."
    rm -f "$venv/.stamp"
    sound_venv || make_venv
    # What builds the project and its one source-only dependency is pinned too, so nothing is built apart.
    quiet_pip install -q -c "$root/constraints.txt" editables hatchling setuptools
    quiet_pip install -q -c "$root/constraints.txt" --no-build-isolation -e "$root[${extras:-dev}]" \
      ${requirements:+-r "$root/$requirements"}
    wanted_stamp >"$venv/.stamp.new" && mv "$venv/.stamp.new" "$venv/.stamp"
  fi
  exec 9<&-
}

# Let one set-up run at a time: the lock lies on the open file 9 and goes with it.
lock_set_up() {
  local python
  python=$(find_python) || exit 2
  "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null && return
  say "waiting for another set-up ..."
  "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
}

unset PYTHONPATH PYTHONHOME PIP_USER PIP_TARGET PIP_PREFIX
export PIP_USER=0
set_up
