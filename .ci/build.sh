#!/bin/sh
# Wheel and sdist into dist/, then the wheel in a clean environment: prompts inside, command runs.
set -eu
rm -rf dist
"$BIN/python" -m build --no-isolation --outdir dist . >/dev/null
trial=$(mktemp -d)
trap 'rm -rf "$trial"' EXIT INT TERM
"$PYTHON" -m venv "$trial/venv"
"$trial/venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt dist/*.whl
cd "$trial"
venv/bin/python - <<'PY'
from agentless.prompting import prompt_folders

folder = next(f for f in prompt_folders() if f.is_dir())
prompts = sorted(str(p.relative_to(folder)) for p in folder.rglob("*.md") if p.name != "README.md")
if not prompts or "site-packages" not in str(folder):
    raise SystemExit(f"no prompts in the wheel: {folder}")
print("prompts in the wheel:", *prompts, sep="\n  ")
PY
venv/bin/agentless --help
echo "build: ok"
