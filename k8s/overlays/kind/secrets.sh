#!/bin/sh
# Writes fresh secrets for a local cluster beside this script, once.
set -eu
umask 077

folder=$(dirname "$0")/secrets
if [ -e "$folder/elenchus.env" ]; then
    exit 0
fi
mkdir -p "$folder"

fresh() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
password=$(fresh)

{
    echo "SECRET_KEY=$(fresh)"
    echo "REDIS_PASSWORD=$(fresh)"
} >"$folder/elenchus.env"
{
    echo "POSTGRES_PASSWORD=$(fresh)"
    echo "ELENCHUS_DB_PASSWORD=$password"
} >"$folder/postgres.env"
for service in auth conversation document workflow analytics; do
    echo "$service=postgresql://elenchus_$service:$password@postgres:5432/elenchus_$service"
done >"$folder/database.env"
