# Sourced by tests/run, tests/fuzz, tests/bench and config/demo: what the machine needs, installed once.
# Nothing here asks a question; on a prepared machine it takes a tenth of a second.

PORTOLAN_RIG_CACHE="${PORTOLAN_RIG_CACHE:-$HOME/.cache/portolan}"
export PORTOLAN_RIG_CACHE
VENV="$PORTOLAN_RIG_CACHE/venv"

# A build in another folder finds what this one compiled.
export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=time_macros

packages_build="g++ cmake ninja-build ccache pkg-config libboost1.81-dev libboost-filesystem1.81-dev
  libboost-program-options1.81-dev libboost-url1.81-dev libcurl4-openssl-dev rapidjson-dev libyaml-cpp-dev
  libfmt-dev libre2-dev libsodium-dev libsqlite3-dev libsqlitecpp-dev libssl-dev prometheus-cpp-dev"
packages_rigs="docker-registry apache2-utils python3-venv"
packages_tests="catch2 clang libclang-rt-14-dev llvm-14 clang-format-14 curl wrk nginx-light skopeo binutils git make
  procps man-db zsh systemd"

say() { printf '%s\n' "== $*"; }

# install PACKAGE...: those that are missing, from Debian.
install() {
  local missing
  missing=$(comm -23 <(printf '%s\n' "$@" | sort -u) \
    <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | sed -n 's/ installed$//p' | sort -u))
  [ -n "$missing" ] || return 0
  local as_root=""
  if [ "$(id -u)" != 0 ]; then
    as_root=$(command -v sudo) || { say "as root: apt-get install" $missing; return 1; }
  fi
  say "installing" $missing
  # RUNLEVEL=1: a registry or web server that comes as a package is not started as a service.
  $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get update -qq </dev/null
  $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -qq --no-install-recommends $missing </dev/null >/dev/null
}

# The virtual environment with what tests/requirements.txt names; made anew when that file changes.
python_environment() {
  mkdir -p "$PORTOLAN_RIG_CACHE"
  (
    flock 9
    cmp -s tests/requirements.txt "$VENV/requirements.txt" && exit 0
    say "python environment in $VENV"
    python3 -m venv "$VENV"
    "$VENV/bin/pip" install -q --disable-pip-version-check -r tests/requirements.txt </dev/null
    cp tests/requirements.txt "$VENV/requirements.txt"
  ) 9>"$PORTOLAN_RIG_CACHE/venv.lock"
}

# build PRESET [TARGET...]; UNDER is a command to run it (and the tests it asks for their names) under.
UNDER=""
build() {
  local preset=$1
  shift
  cmake --preset "$preset" >/dev/null && $UNDER ninja -C ".build/$preset" -j "$(nproc)" "$@"
}
