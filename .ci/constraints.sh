#!/bin/sh
# Resolves the extras afresh in a clean environment and writes constraints.txt.
set -eu
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT INT TERM
"$PYTHON" -m venv "$fresh/venv"
"$fresh/venv/bin/python" -m pip install --quiet --disable-pip-version-check -e ".[$EXTRAS]"
{
  echo "# Versions that the tests ran with; made by \`make constraints\`. Names no index."
  "$fresh/venv/bin/python" -m pip freeze --exclude-editable | grep -v ' @ ' | LC_ALL=C sort -f
} >constraints.txt
