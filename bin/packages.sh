# packages.sh - sourced by the scripts of bin/: the Debian 12 packages that rdb needs, and how to get them.

# To build and to run.
BUILD_PACKAGES=(gcc libc6-dev cmake ninja-build pkg-config lua5.4 liblua5.4-dev lua-lpeg lua-argparse
  libsqlite3-dev libjansson-dev libgmp-dev libedit-dev sqlite3)
# To test, on top.
TEST_PACKAGES=(libcmocka-dev lua-busted lua-check valgrind libc6-dbg)

# ensure_packages PACKAGE... - install what is missing, as root or through sudo.
ensure_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "These packages are missing and need root or sudo: ${missing[*]}" >&2
      return 1
    }
    root=(sudo)
  fi
  echo "Installing ${missing[*]}" >&2
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
}
