# What `up` and `test` have in common. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*"; }

# Says what is wrong and what to do, then ends.
fail() {
    printf 'waybill: %s\n' "$*" >&2
    exit 1
}

# The packages of the given sections of compose/packages.
packages_of() {
    local section
    for section in "$@"; do
        sed -n "s/^$section[[:space:]]\+//p" "$root/compose/packages"
    done | sort -u
}

# Installs what is missing of the given sections.
need_packages() {
    local missing=() package
    command -v dpkg-query >/dev/null || fail "This is not a Debian system, so its packages cannot be looked up. Use Docker: docker compose -f compose/compose.yaml up"
    while read -r package; do
        dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed' || missing+=("$package")
    done < <(packages_of "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
            as_root=(sudo)
        else
            fail "These packages are missing and installing them takes root's rights: ${missing[*]}. As root, run: apt-get install ${missing[*]}"
        fi
    fi
    say "Installing ${#missing[@]} packages: ${missing[*]}"
    # A package must not start a service of its own on this machine: RabbitMQ and Postfix are run privately.
    local policy=/usr/sbin/policy-rc.d made_policy=
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null && "${as_root[@]}" chmod 755 $policy && made_policy=yes
    fi
    local log result=0
    log=$(mktemp)
    {
        "${as_root[@]}" apt-get update -q &&
            "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
    } >"$log" 2>&1 || result=$?
    [ -z "$made_policy" ] || "${as_root[@]}" rm -f $policy
    if [ $result -ne 0 ]; then
        tail -n 15 "$log" >&2
        fail "The packages could not be installed (see above). Check the network and the disk, then run this again."
    fi
    rm -f "$log"
}

need_swift() {
    command -v swift >/dev/null || fail "Swift is not installed. Waybill needs Swift 6.2 or later: see https://www.swift.org/install/linux/"
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
    # shellcheck disable=SC2086
    set -- $version
    [ "${1:-0}" -gt 6 ] || { [ "${1:-0}" -eq 6 ] && [ "${2:-0}" -ge 2 ]; } ||
        fail "This is Swift ${1:-?}.${2:-?}; Waybill needs 6.2 or later: see https://www.swift.org/install/linux/"
}

# need_disk FOLDER MEGABYTES
need_disk() {
    local free
    free=$(df --output=avail -m "$1" | tail -n 1 | tr -d ' ')
    [ "$free" -ge "$2" ] || fail "Only $free MB are free on the disk of $1; this needs $2 MB. Make room and run this again."
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A secret of 64 hexadecimal digits.
make_secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# start_rabbitmq FOLDER PORT USER PASSWORD: a private node that listens on loopback only: on PORT, and on the two ports above it for
# Erlang's own needs. Its process id is put into FOLDER/pid.
start_rabbitmq() {
    local folder=$1 port=$2 user=$3 password=$4 server
    server=$(ls -d /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server 2>/dev/null | sort -V | tail -n 1)
    [ -n "$server" ] || fail "RabbitMQ's program was not found under /usr/lib/rabbitmq; reinstall the package rabbitmq-server."
    mkdir -p "$folder/data" "$folder/log" "$folder/home"
    chmod 700 "$folder"
    (
        umask 077
        cat >"$folder/rabbitmq.conf" <<CONF
listeners.tcp.local = 127.0.0.1:$port
default_user = $user
default_pass = $password
loopback_users = none
disk_free_limit.absolute = 200MB
CONF
        : >"$folder/enabled_plugins"
        printf '[].\n' >"$folder/enabled_plugins"
    )
    env HOME="$folder/home" RABBITMQ_NODENAME="waybill-$port@localhost" RABBITMQ_NODE_PORT="$port" RABBITMQ_DIST_PORT="$((port + 1))" \
        ERL_EPMD_PORT="$((port + 2))" ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_MNESIA_BASE="$folder/data" RABBITMQ_LOG_BASE="$folder/log" \
        RABBITMQ_CONFIG_FILE="$folder/rabbitmq.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$folder/enabled_plugins" \
        RABBITMQ_PID_FILE="$folder/node.pid" RABBITMQ_CONF_ENV_FILE=/dev/null \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' \
        setsid "$server" >"$folder/log/start.log" 2>&1 </dev/null &
    echo $! >"$folder/pid"
    local waited=0
    until ! port_is_free "$port"; do
        kill -0 "$(cat "$folder/pid")" 2>/dev/null || {
            tail -n 15 "$folder/log/start.log" >&2
            fail "RabbitMQ did not start (see above; its log is in $folder/log)."
        }
        waited=$((waited + 1))
        [ $waited -le 600 ] || fail "RabbitMQ did not answer on port $port within a minute; its log is in $folder/log."
        sleep 0.1
    done
}

# stop_rabbitmq FOLDER PORT
stop_rabbitmq() {
    local pid
    pid=$(cat "$1/pid" 2>/dev/null) || return 0
    kill -TERM -- "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null || true
    local waited=0
    while kill -0 "$pid" 2>/dev/null && [ $waited -lt 300 ]; do
        waited=$((waited + 1))
        sleep 0.1
    done
    kill -KILL -- "-$pid" 2>/dev/null || true
    ERL_EPMD_PORT="$(($2 + 2))" epmd -kill >/dev/null 2>&1 || true
    rm -f "$1/pid"
}
