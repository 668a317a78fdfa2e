#!/usr/bin/env bash
# Prepares everything Reticle needs: system libraries, a virtual environment in .venv, the packages in it.
# Quick when nothing changed. Used by the Makefile; safe to run by hand and to interrupt.
set -euo pipefail
cd "$(dirname "$0")/.."

# Software OpenGL, what Qt's xcb plugin loads, fonts, a virtual screen for tests and pictures, what open3d, RealSense
# cameras and a SpaceMouse load.
packages=(
  libegl1 libegl-mesa0 libgl1 libopengl0 libgles2 libgl1-mesa-dri libglx-mesa0
  libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0
  libxcb-xinerama0 libxcb-shape0 libxcb-randr0 libdbus-1-3 libfontconfig1 libglib2.0-0 fontconfig fonts-dejavu-core
  xvfb xauth xdotool libusb-1.0-0 libgomp1 libhidapi-hidraw0
)
stamp=.venv/.ready
wanted=$(cat pyproject.toml constraints.txt scripts/setup.sh | sha256sum | cut -d' ' -f1)
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ]; then exit 0; fi

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf 'reticle: %s\n' "$*" >&2; exit 1; }

install_system_libraries() {
  command -v dpkg-query >/dev/null || {
    say "This is not a Debian or Ubuntu system: install EGL, OpenGL, the xcb libraries of Qt 6 and Xvfb with your package manager."
    return 0
  }
  local missing=() name
  for name in "${packages[@]}" "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' ||
      dpkg-query -W -f='${Status}' "${name}t64" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then root=(sudo -n)
    else fail "these system libraries are missing (graphics, fonts, virtual screen); install them and try again: sudo apt-get install ${missing[*]}"; fi
  fi
  say "Installing system libraries: ${missing[*]}"
  { "${root[@]}" apt-get update -qq &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; } ||
    fail "apt-get could not install these system libraries (graphics, fonts, virtual screen); install them and try again: ${missing[*]}"
}

find_python() {
  local candidate
  for candidate in python3.11 python3.12 python3.13 python3; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
      echo "$candidate"; return 0
    fi
  done
  return 1
}

python=$(find_python) || fail "Python 3.11, 3.12 or 3.13 is needed and was not found; install it (on Debian: sudo apt-get install python3 python3-venv) and try again."
extra=()
"$python" -c 'import ensurepip' 2>/dev/null || extra=("$("$python" -c 'import sys; print(f"python3.{sys.version_info[1]}-venv")')")
install_system_libraries ${extra[@]+"${extra[@]}"}

# One that was interrupted half way has a python but no pip.
.venv/bin/python -m pip --version >/dev/null 2>&1 || { say "Creating the virtual environment in .venv"; "$python" -m venv --clear .venv; }
say "Installing packages (about 2.5 GB, two or three minutes; only this once)"
quiet=(--quiet)
[ -t 2 ] && quiet=()
.venv/bin/python -m pip install ${quiet[@]+"${quiet[@]}"} --disable-pip-version-check --constraint constraints.txt --editable '.[dev]' ||
  fail "the packages could not be installed; check the network and the room on the disk, then try again: scripts/setup.sh"
.venv/bin/python -m pip check --disable-pip-version-check >/dev/null || fail "the installed packages contradict each other; run: .venv/bin/python -m pip check"
printf '%s' "$wanted" >"$stamp"
say "Ready"
