#!/bin/sh
# Puts wxlogin into a Python environment of its own: what was tested, by its hashes.
#
#   sh deploy/install.sh [FOLDER [WHEEL]]
#
# FOLDER is /opt/wxlogin where none is named; without a WHEEL this checkout is installed.
# Again for another version: what is there is brought up to it.
set -eu
checkout=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-/opt/wxlogin} wheel=${2:-}
# What is listed, by its hashes, into the environment $1; nothing else is fetched.
fill() {
  "${PYTHON:-python3}" -m venv "$1"
  "$1/bin/python" -m pip --disable-pip-version-check --quiet install --require-hashes -r "$2"
}
if [ -z "$wheel" ]; then
  # pip would build it with whatever the index has today.
  build=$(mktemp -d)
  trap 'rm -rf "$build"' EXIT
  fill "$build/tools" "$checkout/deploy/build-requirements.txt"
  (cd "$checkout" && "$build/tools/bin/python" -m hatchling build -t wheel -d "$build" >&2)
  wheel=$(echo "$build"/*.whl)
fi
fill "$folder" "$checkout/requirements.txt"
"$folder/bin/python" -m pip --disable-pip-version-check --quiet install --no-deps --no-index --force-reinstall "$wheel"
"$folder/bin/wxlogin" --version
