#!/bin/sh
# Makes $VENV and installs the package with its extras at the pinned versions.
set -eu
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
  echo "agentless needs Python 3.11 or newer; '$PYTHON' is $("$PYTHON" -V 2>&1 || echo missing)." >&2
  echo "Name one: make PYTHON=/path/to/python3.11 setup" >&2
  exit 2
}
if [ ! -x "$VENV/bin/python" ] || ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
  echo "setup: making $VENV with $("$PYTHON" -V)"
  rm -rf "$VENV"
  "$PYTHON" -m venv "$VENV" || {
    rm -rf "$VENV"
    echo "The venv module is missing; on Debian or Ubuntu: apt-get install python3-venv" >&2
    exit 2
  }
fi
echo "setup: installing [$EXTRAS]"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$EXTRAS]"
