#!/bin/sh
# Installs the Vacancy agent @VERSION@ as a systemd service, or brings an installed one up to this version.
#
#   echo SEED | sudo sh install.sh ID NATS_URL HUB_URL     e.g. gpu01 nats://hub:4222 http://hub:7070
#   sudo sh /opt/vacancy-agent/install.sh --remove
#
# It puts files under /opt/vacancy-agent, /etc/vacancy-agent and /etc/systemd/system, and a system user vacancy-agent.
# With DESTDIR set it only lays the files there: no user, no service.
set -eu
umask 022

AGENT_SHA256='@AGENT_SHA256@'
# The hub's own Node, for servers that have none; empty when it can't be passed on.
NODE_FILE='@NODE_FILE@'
NODE_SHA256='@NODE_SHA256@'

DESTDIR=${DESTDIR:-}
HOME_DIR=/opt/vacancy-agent
ETC=/etc/vacancy-agent
UNIT=/etc/systemd/system/vacancy-agent.service
AGENT_USER=vacancy-agent

fail() { printf 'install.sh: %s\n' "$1" >&2; exit 1; }
say() { printf '%s\n' "$1"; }
real() { [ -z "$DESTDIR" ]; }

# All of it is one function: a script that was cut off on its way does nothing.
main() {
  if real; then
    [ "$(id -u)" = 0 ] || fail 'run it as root (sudo)'
    command -v systemctl >/dev/null || fail 'this machine has no systemd; docs/enrol.md says how to run the agent without'
  fi
  if [ "${1:-}" = --remove ]; then remove; return; fi
  [ $# = 3 ] || fail 'usage: echo SEED | sudo sh install.sh ID NATS_URL HUB_URL'
  check "$1" "$2" "$3"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  fetch "$3/agent/agent.tgz" agent.tgz "$AGENT_SHA256"
  tar -xzf "$work/agent.tgz" -C "$work" --no-same-owner
  find_node "$3"
  lay "$1" "$2"
  if real; then start; else say "laid under $DESTDIR"; fi
}

check() {
  case $1 in '' | [!a-z0-9]* | *[!a-z0-9_-]*) fail "\"$1\" is no server id" ;; esac
  case $2 in nats://?* | tls://?*) ;; *) fail "\"$2\" is no broker address such as nats://hub:4222" ;; esac
  case $3 in http://?* | https://?*) ;; *) fail "\"$3\" is no hub address such as http://hub:7070" ;; esac
  case $2$3 in *[!A-Za-z0-9._:/,\[\]-]*) fail 'an address has a character that does not belong there' ;; esac
  IFS= read -r seed || fail 'the key is expected on standard input'
  case $seed in SU*) ;; *) fail 'the key on standard input is not one of vacancy enroll' ;; esac
  case $seed in *[!A-Z2-7]*) fail 'the key on standard input is not one of vacancy enroll' ;; esac
  [ ${#seed} = 58 ] || fail 'the key on standard input is not whole'
}

# fetch URL NAME SHA256
fetch() {
  if command -v curl >/dev/null; then curl -fsS -o "$work/$2" "$1" || fail "$1 cannot be fetched"
  elif command -v wget >/dev/null; then wget -q -O "$work/$2" "$1" || fail "$1 cannot be fetched"
  else fail 'neither curl nor wget is here'; fi
  echo "$3  $work/$2" | sha256sum -c --quiet >/dev/null 2>&1 || fail "$1 is not what the hub's checksum says; nothing was installed"
}

# A Node that every user can run, 20.19 or newer: the machine's, else the hub's.
find_node() {
  for node in "$(command -v node || true)" /usr/bin/node /usr/local/bin/node; do
    case $node in '' | /root/* | /home/*) continue ;; esac
    if new_enough "$node"; then NODE=$node; return; fi
  done
  [ -n "$NODE_FILE" ] || fail 'Node.js 20.19 or newer is needed: https://nodejs.org/en/download'
  fetch "$1/agent/$NODE_FILE" node.gz "$NODE_SHA256"
  gzip -d "$work/node.gz"
  chmod 755 "$work/node"
  new_enough "$work/node" || fail "the hub's Node does not run on this machine; install Node.js 20.19 or newer: https://nodejs.org/en/download"
  mkdir -p "$work/vacancy-agent/bin"
  mv "$work/node" "$work/vacancy-agent/bin/node"
  NODE=$HOME_DIR/bin/node
}

new_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' >/dev/null 2>&1
}

# lay ID NATS_URL
lay() {
  if real && ! id "$AGENT_USER" >/dev/null 2>&1; then
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$AGENT_USER"
  fi
  mkdir -p "$DESTDIR$ETC" "$DESTDIR/opt" "$DESTDIR/etc/systemd/system"
  chmod 750 "$DESTDIR$ETC"
  printf 'VACANCY_SERVER_ID=%s\nVACANCY_NATS_URL=%s\nVACANCY_CREDENTIALS=%s/agent.nk\n' "$1" "$2" "$ETC" >"$DESTDIR$ETC/hub.env"
  if [ ! -e "$DESTDIR$ETC/agent.env" ]; then cp "$work/vacancy-agent/agent.env" "$DESTDIR$ETC/agent.env"; fi
  (umask 077; printf '%s\n' "$seed" >"$DESTDIR$ETC/agent.nk")
  chmod 640 "$DESTDIR$ETC/agent.nk" "$DESTDIR$ETC/agent.env"
  if real; then chown -R "root:$AGENT_USER" "$ETC"; fi

  rm -rf "$DESTDIR$HOME_DIR.new"
  mv "$work/vacancy-agent" "$DESTDIR$HOME_DIR.new"
  # What came in a temporary folder stays here, for --remove.
  if [ -f "$0" ]; then cp "$0" "$DESTDIR$HOME_DIR.new/install.sh"; fi
  chmod -R u=rwX,go=rX "$DESTDIR$HOME_DIR.new"
  rm -rf "$DESTDIR$HOME_DIR"
  mv "$DESTDIR$HOME_DIR.new" "$DESTDIR$HOME_DIR"
  sed "s|@NODE@|$NODE|" "$DESTDIR$HOME_DIR/vacancy-agent.service" >"$DESTDIR$UNIT"
}

start() {
  systemctl daemon-reload
  systemctl enable --quiet vacancy-agent
  systemctl restart vacancy-agent
  sleep 3
  systemctl is-active --quiet vacancy-agent || fail 'the agent does not stay up: journalctl -u vacancy-agent says why'
  say 'The Vacancy agent @VERSION@ runs. Its log: journalctl -u vacancy-agent. Name and place on the page: /etc/vacancy-agent/agent.env'
}

remove() {
  if real; then systemctl disable --now --quiet vacancy-agent 2>/dev/null || true; fi
  rm -rf "$DESTDIR$UNIT" "$DESTDIR$HOME_DIR" "$DESTDIR$ETC" "$DESTDIR/var/lib/vacancy-agent"
  if real; then
    systemctl daemon-reload
    userdel "$AGENT_USER" 2>/dev/null || true
  fi
  say 'The Vacancy agent is gone. On the hub: vacancy revoke ID'
}

main "$@"
