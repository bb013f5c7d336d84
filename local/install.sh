# Sourced by ./run, ./test and ./bench from the project's root: installs what is missing, asks nothing, and does nothing
# where all is there. Debian packages through apt (sudo when not root), ClickHouse's library through npm, the rest NuGet.

# Where .NET is not told the processor's cache it collects after every 256 KB of garbage, as in many virtual machines; so this is
# set wherever the workers run (compose/Dockerfile too): 16 MB. A setting of one's own stays.
export DOTNET_GCgen0size=${DOTNET_GCgen0size:-0x1000000}

say() { printf '%s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else say "missing packages, and neither root nor sudo to install them: $*"; exit 1
  fi
}

# program-or-file:package
missing_packages() {
  local pair what
  for pair in "$@"; do
    what=${pair%%:*}
    case $what in
      /*) compgen -G "$what" >/dev/null ;;
      *) command -v "$what" >/dev/null || [ -x "/usr/sbin/$what" ] ;;
    esac || echo "${pair#*:}"
  done
}

install_packages() {
  local packages
  packages=$(missing_packages "$@")
  [ -n "$packages" ] || return 0
  say "installing $(echo $packages) …"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
  # No example cluster beside ours: the package would start one of its own on port 5432.
  if echo "$packages" | grep -q '^postgresql$'; then
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-common >&2
    as_root sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
  fi
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >&2
}

install_engines() {
  command -v dotnet >/dev/null || { say "the .NET 10 SDK is not on the PATH; see https://dotnet.microsoft.com/download"; exit 1; }
  install_packages '/usr/lib/postgresql/*/bin/postgres:postgresql' redis-server:redis-server \
    /usr/lib/rabbitmq/bin/rabbitmq-server:rabbitmq-server setpriv:util-linux
  if [ ! -f local/ClickHouse/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so ]; then
    install_packages npm:npm
    say "fetching ClickHouse's library …"
    (cd local/ClickHouse && npm ci --no-audit --no-fund --loglevel=error >&2)
  fi
}

# What plays the alert rules; a test runs it.
install_alert_tools() { install_packages promtool:prometheus; }

# What the examples of docs/examples need; a test runs them.
install_examples() {
  install_packages '/usr/lib/python3/dist-packages/pika:python3-pika' '/usr/lib/python3/dist-packages/confluent_kafka:python3-confluent-kafka' \
    kcat:kcat amqp-publish:amqp-tools node:nodejs
  if [ ! -d docs/examples/node_modules/ajv ]; then
    install_packages npm:npm
    (cd docs/examples && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  fi
}

# $1: what to build. Builds only where a source is newer than the last build of the same thing.
build() {
  local stamp=.local/built-$(basename "$1")
  mkdir -p .local
  if [ -f "$stamp" ] && [ -z "$(find Directory.* global.json .editorconfig shared workers local tests \
      \( -name bin -o -name obj -o -name node_modules \) -prune -o -type f -newer "$stamp" -print -quit)" ]; then
    return 0
  fi
  say "building $1 …"
  local log=.local/build.log
  # One compiler for all projects, which is ended afterwards: a compiler of its own for each costs twice the time.
  local failed=no compiler=betting-$$
  dotnet build "$1" -c Release --nologo -v q -nodeReuse:false -p:UseSharedCompilation=true -p:SharedCompilationId=$compiler >"$log" 2>&1 || failed=yes
  { grep -lz -- "-pipename:$compiler" /proc/[0-9]*/cmdline 2>/dev/null || true; } | cut -d / -f 3 | xargs -r kill
  if [ $failed = yes ]; then
    grep -E 'error|warn' "$log" | sort -u | head -40 >&2
    say "the build failed; all of it is in $log"; exit 1
  fi
  touch "$stamp"
}
