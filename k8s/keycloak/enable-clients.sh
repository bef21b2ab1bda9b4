#!/usr/bin/env bash
# Gives the realm's machine clients their secrets and enables them. They are disabled as shipped: without its secret, the placeholder in
# realm.json, which everybody can read, would be the secret. Safe to run again.
#
#   enable-clients.sh <Keycloak's URL> <administrator> <file with the administrator's password> <folder of secrets> [<realm>]
#
# The folder holds a file for each client, named like it (schildwacht-cli, …), with 32 random bytes: openssl rand -hex 32
set -euo pipefail
keycloak=${1%/} administrator=$2 password=$3 secrets=$4 realm=${5:-schildwacht}
clients=$keycloak/admin/realms/$realm/clients

# Secrets go through files and pipes: everybody on a machine may read the arguments of a process.
header() { printf 'Authorization: Bearer %s\n' "$token"; }
call() { curl --silent --show-error --fail "$@"; }
field() { sed --regexp-extended "s/.*\"$1\":\"([^\"]*)\".*/\1/"; }

token=$(tr --delete '\r\n' <"$password" |
  call --data grant_type=password --data client_id=admin-cli --data-urlencode "username=$administrator" --data-urlencode password@- \
    "$keycloak/realms/master/protocol/openid-connect/token" | field access_token)
for client in schildwacht-cli schildwacht-identity schildwacht-network-monitor schildwacht-incident-intake; do
  secret=$(cat "$secrets/$client")
  if ((${#secret} < 32)); then
    echo "$secrets/$client: this is too short for a secret; openssl rand -hex 32 makes one" >&2
    exit 1
  fi
  id=$(call --header @<(header) "$clients?clientId=$client" | sed --regexp-extended 's/^\[\{"id":"([^"]*)".*/\1/')
  printf '{"secret": "%s", "enabled": true}' "$secret" |
    call --header @<(header) --header 'Content-Type: application/json' --request PUT --data @- "$clients/$id"
  echo "$client is enabled"
done
