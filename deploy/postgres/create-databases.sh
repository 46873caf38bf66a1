#!/bin/sh
# Runs once, on an empty data volume: a database and a role for each service, so that none can read
# another's data. https://hub.docker.com/_/postgres, "Initialization scripts"
set -eu

for service in auth items; do
  # psql reads the password from its environment, so that it never shows in a list of processes.
  case $service in
    auth) PASSWORD=$AUTH_DATABASE_PASSWORD ;;
    items) PASSWORD=$ITEMS_DATABASE_PASSWORD ;;
  esac
  export PASSWORD
  # The built-in locale sorts and folds case alike in every image, whatever its C library has.
  psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 -v service="$service" \
    --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv password PASSWORD
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service"
  TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8';
REVOKE CONNECT, TEMPORARY ON DATABASE :"service" FROM PUBLIC;
SQL
done
unset PASSWORD
