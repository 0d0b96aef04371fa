#!/bin/sh
# Puts wxlogin into a Python environment of its own: what was tested, by its hashes.
#
#   sh deploy/install.sh [FOLDER [WHEEL]]
#
# FOLDER is /opt/wxlogin where none is named; without a WHEEL this checkout is installed.
# Again for another version: what is there is brought up to it.
set -eu
checkout=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-/opt/wxlogin}
"${PYTHON:-python3}" -m venv "$folder"
install() { "$folder/bin/python" -m pip --disable-pip-version-check --quiet install "$@"; }
install --require-hashes -r "$checkout/requirements.txt"
install --no-deps --force-reinstall "${2:-$checkout}"
"$folder/bin/wxlogin" --version
