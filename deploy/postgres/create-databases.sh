#!/bin/sh
# A role and a database for each name in DATABASES, so that no service can read another's data. It runs at every start
# and changes nothing twice, so that a service that comes to data that exist gets what it needs. The password of each
# role is set every time: <NAME>_DATABASE_PASSWORD, or the file that <NAME>_DATABASE_PASSWORD_FILE names, says to what.
set -eu

for service in $DATABASES; do
  # psql reads the password from its environment, so that it never shows in a list of processes.
  variable=$(printf '%s' "$service" | tr '[:lower:]' '[:upper:]')_DATABASE_PASSWORD
  if file=$(printenv "${variable}_FILE"); then
    PASSWORD=$(cat "$file")
  else
    PASSWORD=$(printenv "$variable") || {
      echo "$variable is not set: run \`make up\`, which writes it to .env." >&2
      exit 2
    }
  fi
  export PASSWORD
  # The built-in locale (since version 17) sorts and folds case alike in every image, whatever its C library has.
  psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 -v service="$service" \
    --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv password PASSWORD
SELECT format('CREATE ROLE %I', :'service')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'service') \gexec
ALTER ROLE :"service" LOGIN PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING %L %s', :'service', :'service', 'UTF8', CASE
    WHEN current_setting('server_version_num')::int < 170000 THEN 'LOCALE ''C.UTF-8'''
    ELSE 'LOCALE_PROVIDER builtin BUILTIN_LOCALE ''C.UTF-8''' END)
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'service') \gexec
REVOKE CONNECT, TEMPORARY ON DATABASE :"service" FROM PUBLIC;
SQL
done
unset PASSWORD
