#!/bin/sh
# Fills in nginx.conf.template and becomes nginx, in the foreground. `proxy/gateway/start.sh --help` lists the variables.
# No pattern of names is expanded but one, so that a "*" in a list stays a "*".
set -euf

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
repository=$(dirname "$(dirname "$here")")
# Debian keeps nginx where a user without rights does not look.
PATH=$PATH:/usr/local/sbin:/usr/sbin

# Of each service: how its variables begin, its prefix, where it listens, and how many bytes a body for it may have.
# >>> services.toml: addresses (written by `make sync`)
AUTH_PREFIX=/auth
SERVICES='AUTH /auth 127.0.0.1:8001 131072
ITEMS /items 127.0.0.1:8002 131072'
# <<< services.toml

# for_each_service FUNCTION: calls it with NAME PREFIX ADDRESS LIMIT of each.
for_each_service() {
  while read -r name prefix address limit; do
    "$1" "$name" "$prefix" "$address" "$limit"
  done <<LIST
$SERVICES
LIST
}

help_line() {
  printf '  %-27s  %-23s  where it listens\n' "$1_ADDRESS" "$3"
  printf '  %-27s  %-23s  bytes that a body for it may have\n' "$1_BODY_LIMIT" "$4"
  printf '  %-27s  %-23s  origins whose pages may read its answers\n' "$1_CORS_ORIGINS" '(none)'
}

help() {
  cat <<'HELP'
Usage: proxy/gateway/start.sh           run nginx in the foreground
       proxy/gateway/start.sh --test    check the template with `nginx -t` and example values
       proxy/gateway/start.sh --help

Variables and what they are without a word:
  GATEHOUSE_BIND               127.0.0.1                address to listen on
  GATEHOUSE_PORT               8080                     port to listen on
  GATEHOUSE_TRUSTED_PROXIES    (none)                   networks whose X-Forwarded-* are believed
  GATEHOUSE_RATE_LIMIT_EXEMPT  (none)                   networks that no limit counts
  GATEHOUSE_ALLOWED_HOSTS      (any)                    host names that are served, such as *.example.com
  GATEHOUSE_SECURITY_CONTACT   (none)                   whom to tell of a vulnerability, for security.txt
  PROXY_RESOLVER               (none)                   DNS server to ask every second where the services listen;
                                                        without it their names are looked up once, at the start
  PROXY_STATE_DIR              var/proxy                everything nginx writes is below
  PROXY_SITE                   proxy/site               the portal and the common docs page
  DOCS_ASSETS                  gatehouse_chassis/docs/assets      scripts and styles of the docs pages
  DOCS_VENDOR                  in .venv                 Swagger UI and ReDoc (drf_spectacular_sidecar)
  PROXY_ACCESS_LOG             in PROXY_STATE_DIR       a file, or /dev/stdout
  NGINX                        nginx                    the nginx to run

Of each service in services.toml:
HELP
  for_each_service help_line
}

refuse() {
  printf 'proxy/gateway/start.sh: %s\n' "$1" >&2
  exit 2
}

# matches VALUE PATTERN: whether the whole of VALUE, which must be one line, is PATTERN (an extended expression).
matches() {
  case $1 in
    *"
"*) return 1 ;;
  esac
  printf '%s\n' "$1" | grep -Eqx -e "$2"
}

octet='(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
ipv4="$octet(\.$octet){3}"

is_ipv6() {
  case $1 in
    *:::* | *::*::*) return 1 ;;
    *::*) matches "$1" '([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4}){0,6})?::([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4}){0,6})?' ;;
    *) matches "$1" '([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}' ;;
  esac
}

is_port() {
  matches "$1" '[1-9][0-9]{0,4}' && [ "$1" -le 65535 ]
}

is_network() {
  case $1 in
    *:*/*) is_ipv6 "${1%/*}" && matches "${1##*/}" '[0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]' ;;
    *:*) is_ipv6 "$1" ;;
    *) matches "$1" "$ipv4(/([0-9]|[12][0-9]|3[0-2]))?" ;;
  esac
}

check_address() { # NAME VALUE
  case $2 in
    *:*) is_ipv6 "$2" ;;
    *) matches "$2" "$ipv4" ;;
  esac || refuse "$1 is '$2'; it must be an IP address, such as 127.0.0.1 or ::1."
}

check_port() { # NAME VALUE
  is_port "$2" || refuse "$1 is '$2'; it must be a port, 1 to 65535."
}

check_upstream() { # NAME VALUE
  { matches "$2" '([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):[0-9]+' && is_port "${2##*:}"; } ||
    refuse "$1 is '$2'; it must be a host and a port, such as 127.0.0.1:8001."
}

check_resolver() { # NAME VALUE
  [ -z "$2" ] || matches "$2" "$ipv4" || is_ipv6 "$2" || refuse "$1 is '$2'; it must be an IP address, such as 127.0.0.11."
}

check_bytes() { # NAME VALUE
  matches "$2" '[1-9][0-9]{0,11}' || refuse "$1 is '$2'; it must be a number of bytes, such as 131072."
}

check_networks() { # NAME VALUE
  for network in $(words "$2"); do
    is_network "$network" ||
      refuse "$1 has '$network'; each entry must be an IP address or a network, such as 10.0.0.0/8 or fd00::/8."
  done
}

check_hosts() { # NAME VALUE
  label='[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?'
  for host in $(words "$2"); do
    matches "$host" "(\*\.)?$label(\.$label)*|\[[0-9A-Fa-f:.]+\]" ||
      refuse "$1 has '$host'; each entry must be a host without a port, such as api.example.com or *.example.com."
  done
}

check_origins() { # NAME VALUE
  for origin in $(words "$2"); do
    matches "$origin" 'https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?' ||
      refuse "$1 has '$origin'; each entry must be an origin such as https://app.example.com, without a path."
  done
}

# RFC 9116 section 2.5.3; a web address there must be https.
check_contact() { # NAME VALUE
  [ -z "$2" ] || matches "$2" '(mailto:|https://|tel:)[]A-Za-z0-9._~:/?#[@!&()*+,;=%-]+' ||
    refuse "$1 is '$2'; it must be such as mailto:security@example.com or https://example.com/security."
}

check_folder() { # NAME VALUE
  [ -d "$2" ] || refuse "$1 is '$2', which is no folder. $3"
  check_path "$1" "$2"
}

# nginx would read these as a variable, the end of a word or a pattern of names.
check_path() { # NAME VALUE
  # shellcheck disable=SC1003
  case $2 in
    *[\"\$\\*?[]* | *"
"*) refuse "$1 is '$2'; nginx cannot use a path with \" \$ \\ * ? [ or a line break." ;;
  esac
}

# A list with commas or spaces becomes one with spaces.
words() {
  printf '%s' "$1" | tr ',' ' '
}

# each BEFORE LIST AFTER: one nginx directive per network.
each() {
  for network in $(words "$2"); do
    printf '%s%s%s ' "$1" "$network" "$3"
  done
}

# A line of a map for each host, with or without a port; "*." stands for one name or more before the rest.
allowed_hosts() {
  for host in $(words "$1"); do
    printf '%s' "$host" | escape_expression | sed -e 's/^\*/[a-z0-9_.-]+/' -e 's/.*/"~*^&(:[0-9]+)?$" 0; /'
  done
}

# NAME PREFIX: sets NAME_CORS to a line of a map of "origin path" for each origin that may read what the service answers.
allow_origins() {
  origins=
  eval "origins=\$$1_CORS_ORIGINS"
  path=$(printf '%s' "$2" | escape_expression)
  lines=$(for origin in $(words "$origins"); do
    # shellcheck disable=SC2016 # nginx's variable
    printf '"~^%s (/\.well-known/[a-z-]+)?%s([/?]|$)" $http_origin; ' "$(printf '%s' "$origin" | escape_expression)" "$path"
  done)
  export "$1_CORS=$lines"
}

# Sets NAME_SERVERS to where nginx finds the service. Of several replicas, one that does not answer is left out for 10 s:
# longer than one that stops needs from its last connection until the DNS does not name it any more.
list_servers() {
  eval "address=\$$1_ADDRESS"
  host=${address%:*} port=${address##*:}
  if ! is_looked_up "$host"; then
    servers="server $address;"
  elif knows_resolve; then
    servers="zone $1 64k; least_conn; resolver $(bracketed "$PROXY_RESOLVER") valid=1s; resolver_timeout 2s;
        server $address resolve max_fails=1 fail_timeout=10s;"
  else
    servers="zone $1 64k; least_conn; $(for found in $(replicas "$host"); do
      printf 'server %s:%s max_fails=1 fail_timeout=10s; ' "$found" "$port"
    done)"
    case $servers in *server*) ;; *) servers="server 127.0.0.1:$port down;" ;; esac # for as long as there is none
  fi
  export "$1_SERVERS=$servers"
}

# HOST: whether it is a name that only the DNS knows.
is_looked_up() {
  [ -n "$PROXY_RESOLVER" ] && ! matches "$1" "$ipv4" && case $1 in *:*) false ;; esac &&
    ! grep -Fqw -e "$1" /etc/hosts
}

# From 1.27.3 on nginx itself looks names up again.
knows_resolve() {
  "$NGINX" -v 2>&1 | awk -F '[/. ]' '{ exit !($4 * 1000000 + $5 * 1000 + $6 >= 1027003) }'
}

replicas() { # HOST
  getent ahostsv4 "$1" | awk '{ print $1 }' | sort -u
}

bracketed() {
  case $1 in *:*) printf '[%s]' "$1" ;; *) printf '%s' "$1" ;; esac
}

print_replicas() { # NAME PREFIX ADDRESS LIMIT
  eval "address=\$$1_ADDRESS"
  if is_looked_up "${address%:*}"; then
    printf '%s ' "$1" && replicas "${address%:*}" | tr '\n' ' '
  fi
}

# For an nginx that does not look names up again: tells it when replicas have come or gone. Runs beside it.
follow_replicas() {
  while sleep 1 && kill -0 $$ 2>/dev/null; do
    now=$(for_each_service print_replicas)
    if [ "$now" != "$known" ]; then
      known=$now
      render
      kill -HUP $$
    fi
  done
}

escape_expression() {
  sed 's/[].[]/\\&/g'
}

absolute() {
  case $1 in
    /*) printf '%s' "$1" ;;
    *) printf '%s/%s' "$PWD" "$1" ;;
  esac
}

find_vendor() { # runs in a subshell, so -f returns by itself
  set +f
  for folder in "$repository"/.venv/lib/python3*/site-packages/drf_spectacular_sidecar/static/drf_spectacular_sidecar; do
    if [ -d "$folder" ]; then
      printf '%s' "$folder"
      return
    fi
  done
}

set_service() { # what is unset or empty is as listed
  eval ": \"\${$1_ADDRESS:=$3}\" \"\${$1_BODY_LIMIT:=$4}\" \"\${$1_CORS_ORIGINS:=}\""
  export "$1_ADDRESS" "$1_BODY_LIMIT"
}

check_service() {
  eval "check_upstream $1_ADDRESS \"\$$1_ADDRESS\""
  eval "check_bytes $1_BODY_LIMIT \"\$$1_BODY_LIMIT\""
  eval "check_origins $1_CORS_ORIGINS \"\$$1_CORS_ORIGINS\""
}

forget_service() {
  unset "$1_ADDRESS" "$1_BODY_LIMIT" "$1_CORS_ORIGINS"
}

load_settings() {
  : "${GATEHOUSE_BIND:=127.0.0.1}" "${GATEHOUSE_PORT:=8080}"
  for_each_service set_service
  : "${GATEHOUSE_TRUSTED_PROXIES:=}" "${GATEHOUSE_RATE_LIMIT_EXEMPT:=}" "${GATEHOUSE_ALLOWED_HOSTS:=}"
  : "${GATEHOUSE_SECURITY_CONTACT:=}" "${PROXY_RESOLVER:=}"
  : "${PROXY_STATE_DIR:=$repository/var/proxy}" "${PROXY_ACCESS_LOG:=$PROXY_STATE_DIR/access.log}"
  : "${PROXY_SITE:=$repository/proxy/site}" "${DOCS_ASSETS:=$repository/gatehouse_chassis/docs/assets}"
  : "${DOCS_VENDOR:=$(find_vendor)}" "${NGINX:=nginx}"
}

check_settings() {
  check_address GATEHOUSE_BIND "$GATEHOUSE_BIND"
  check_port GATEHOUSE_PORT "$GATEHOUSE_PORT"
  for_each_service check_service
  check_networks GATEHOUSE_TRUSTED_PROXIES "$GATEHOUSE_TRUSTED_PROXIES"
  check_networks GATEHOUSE_RATE_LIMIT_EXEMPT "$GATEHOUSE_RATE_LIMIT_EXEMPT"
  check_hosts GATEHOUSE_ALLOWED_HOSTS "$GATEHOUSE_ALLOWED_HOSTS"
  check_contact GATEHOUSE_SECURITY_CONTACT "$GATEHOUSE_SECURITY_CONTACT"
  check_resolver PROXY_RESOLVER "$PROXY_RESOLVER"
  check_folder PROXY_SITE "$PROXY_SITE" "It must hold the portal's files."
  check_folder DOCS_ASSETS "$DOCS_ASSETS" "It must hold the files of the docs pages."
  check_folder DOCS_VENDOR "$DOCS_VENDOR" "It must hold Swagger UI and ReDoc, which \`make up\` installs into .venv."
  check_path PROXY_ACCESS_LOG "$PROXY_ACCESS_LOG"
  check_path PROXY_STATE_DIR "$PROXY_STATE_DIR"
  check_path "the folder of start.sh" "$here"
  command -v "$NGINX" >/dev/null ||
    refuse "NGINX is '$NGINX', which is not found. \`make up\` brings one; on Debian: apt-get install nginx."
}

render() { # fills in the template; every name it uses is a variable of this script
  PROXY_STATE_DIR=$(absolute "$PROXY_STATE_DIR")
  PROXY_ACCESS_LOG=$(absolute "$PROXY_ACCESS_LOG")
  { mkdir -p "$PROXY_STATE_DIR" && [ -w "$PROXY_STATE_DIR" ]; } 2>/dev/null ||
    refuse "PROXY_STATE_DIR is '$PROXY_STATE_DIR', which cannot be written."
  PROXY_HOME=$here
  PROXY_SITE=$(absolute "$PROXY_SITE")
  DOCS_ASSETS=$(absolute "$DOCS_ASSETS")
  DOCS_VENDOR=$(absolute "$DOCS_VENDOR")
  TRUSTED_PROXIES_GEO=$(each '' "$GATEHOUSE_TRUSTED_PROXIES" ' 1;')
  TRUSTED_PROXIES_REALIP=$(each 'set_real_ip_from ' "$GATEHOUSE_TRUSTED_PROXIES" ';')
  RATE_LIMIT_EXEMPT_GEO=$(each '' "$GATEHOUSE_RATE_LIMIT_EXEMPT" ' 1;')
  for_each_service allow_origins
  for_each_service list_servers
  WORKER_USER=$(worker_user)
  WORKER_FILES=$(worker_files)
  WORKER_CONNECTIONS=$((WORKER_FILES / 2))
  case $GATEHOUSE_BIND in
    *:*) own_host="[$GATEHOUSE_BIND]" ;;
    *) own_host=$GATEHOUSE_BIND ;;
  esac
  LISTEN="$own_host:$GATEHOUSE_PORT"
  SECURITY_CONTACT=$GATEHOUSE_SECURITY_CONTACT
  OTHER_HOSTS_ARE_FOREIGN=0
  ALLOWED_HOSTS=$(allowed_hosts "$GATEHOUSE_ALLOWED_HOSTS")
  if [ -n "$ALLOWED_HOSTS" ]; then
    OTHER_HOSTS_ARE_FOREIGN=1
    ALLOWED_HOSTS=$ALLOWED_HOSTS$(allowed_hosts "$own_host") # which make up asks
  fi
  export PROXY_STATE_DIR PROXY_ACCESS_LOG PROXY_HOME PROXY_SITE DOCS_ASSETS DOCS_VENDOR TRUSTED_PROXIES_GEO \
    TRUSTED_PROXIES_REALIP RATE_LIMIT_EXEMPT_GEO OTHER_HOSTS_ARE_FOREIGN ALLOWED_HOSTS WORKER_USER WORKER_FILES WORKER_CONNECTIONS LISTEN AUTH_PREFIX \
    SECURITY_CONTACT
  awk '{
    while (match($0, /@[A-Z0-9_]+@/)) {
      printf "%s%s", substr($0, 1, RSTART - 1), ENVIRON[substr($0, RSTART + 1, RLENGTH - 2)]
      $0 = substr($0, RSTART + RLENGTH)
    }
    print
  }' "$here/nginx.conf.template" >"$PROXY_STATE_DIR/nginx.conf"
}

# Root's nginx hands its workers to another user, who must be able to read the pages: their owner is.
worker_user() {
  [ "$(id -u)" = 0 ] || return 0
  owner=$(stat -c '%U %G' "$PROXY_SITE")
  case $owner in
    *UNKNOWN*) owner='root root' ;; # a folder mounted from outside the container
  esac
  printf 'user %s;' "$owner"
}

# As many as nginx shall open, or as many as the system lets it.
worker_files() {
  # shellcheck disable=SC3045 # dash, ash and bash know -H
  most=$(ulimit -Hn)
  if [ "$most" = unlimited ] || [ "$most" -gt 8192 ]; then
    most=8192
  fi
  printf '%s' "$most"
}

run_nginx() {
  binary=$NGINX
  unset NGINX # nginx would take it for a list of sockets to inherit
  exec "$binary" -e stderr -p "$PROXY_STATE_DIR/" -c "$PROXY_STATE_DIR/nginx.conf" "$@"
}

test_template() {
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  GATEHOUSE_TRUSTED_PROXIES='10.0.0.0/8, fd00::/8'
  GATEHOUSE_RATE_LIMIT_EXEMPT='127.0.0.1 ::1'
  GATEHOUSE_ALLOWED_HOSTS='api.example.com, *.example.org [2001:db8::1]'
  GATEHOUSE_SECURITY_CONTACT='mailto:security@example.com'
  PROXY_STATE_DIR=$scratch
  PROXY_ACCESS_LOG=$scratch/access.log
  check_settings
  render
  (run_nginx -t)
}

case ${1-} in
  '')
    load_settings
    check_settings
    render
    if [ -n "$PROXY_RESOLVER" ] && ! knows_resolve; then
      known=$(for_each_service print_replicas)
      follow_replicas &
    fi
    run_nginx -g 'daemon off;'
    ;;
  --test)
    unset GATEHOUSE_BIND GATEHOUSE_PORT PROXY_RESOLVER
    for_each_service forget_service
    load_settings
    test_template
    ;;
  --help | -h) help ;;
  *) refuse "'$1' is no option; see proxy/gateway/start.sh --help." ;;
esac
