#!/bin/sh
# One database and one role for each service, so that none can read another's tables.
# PostgreSQL's image runs this once, on an empty volume.
set -eu

for service in auth conversation document workflow analytics; do
    psql --set=ON_ERROR_STOP=1 --set=service="$service" --set=password="$ELENCHUS_DB_PASSWORD" \
        --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
SELECT 'elenchus_' || :'service' AS name \gset
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
