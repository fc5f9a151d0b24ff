# Sourced by run, test and bench: makes .venv with everything the command needs; does nothing when that is up to date.
# Needs only Python 3.11 or newer and the network's package registries.

cd "$(dirname "$0")/.." || exit 1
VENV=${ARMILLARY_VENV:-.venv}

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

find_python() {
  for candidate in ${ARMILLARY_PYTHON:-} python3 python3.13 python3.12 python3.11 python; do
    if "$candidate" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      printf '%s' "$candidate"
      return
    fi
  done
  die "Python 3.11 or newer is needed: install it, or name it in ARMILLARY_PYTHON."
}

# What an install is made from; folders count too, so that a file that is removed is noticed.
changed_since() {
  [ -e "$1" ] || return 0
  [ -n "$(find pyproject.toml hatch_build.py constraints.txt scripts/make_colormaps.py viewer/src viewer/public \
    viewer/index.html viewer/package.json viewer/package-lock.json viewer/vite.config.ts -newer "$1" 2>/dev/null | head -n 1)" ]
}

# As an installed package has it, also where PYTHONDONTWRITEBYTECODE is set: an import begins a tenth of a second sooner.
compiled() { "$VENV/bin/python" -m compileall -q src; }

# setup STAMP ARGUMENTS-FOR-PIP…
setup() {
  stamp="$VENV/.stamp-$1"
  shift
  changed_since "$stamp" || return 0
  if [ ! -x "$VENV/bin/python" ]; then
    say "Making a virtual environment in $VENV …"
    "$(find_python)" -m venv "$VENV" || die "Could not make a virtual environment: is the venv module installed (Debian: python3-venv)?"
  fi
  say "Installing Armillary and what it needs (a minute or two the first time) …"
  if command -v uv >/dev/null 2>&1; then
    uv pip install -q --compile-bytecode --python "$VENV/bin/python" -c constraints.txt "$@" >&2 || die "The installation failed: see above."
  else
    "$VENV/bin/python" -m pip install -q -U 'pip>=25.1' >&2 || die "The installation failed: see above."
    "$VENV/bin/python" -m pip install -q -c constraints.txt "$@" >&2 || die "The installation failed: see above."
  fi
  say "Compiling the pixel kernels …"
  "$VENV/bin/python" scripts/warm.py >&2 || die "Armillary does not start: see above."
  compiled
  touch "$stamp"
}
