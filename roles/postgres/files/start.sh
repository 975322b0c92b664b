#!/bin/sh
# Makes the data directory if there is none, then becomes the server. Everything else is configuration.
# The directory is made beside its place and moved there when it is complete: a start that was cut off leaves nothing that looks like data.
set -eu

PGDATA=/var/lib/postgresql/data/15
CONFIG=/etc/postgresql
umask 0077

if [ ! -e "$PGDATA/PG_VERSION" ]; then
    rm -rf "$PGDATA.new"
    # C.UTF-8 sorts by code point, whatever the version of the C library: an update of the image cannot break an index.
    initdb --pgdata="$PGDATA.new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 \
        --auth-local=peer --auth-host=scram-sha-256 --data-checksums --no-instructions
    mv "$PGDATA.new" "$PGDATA"
fi
# A change of the volume's group (fsGroup) makes it group-writable, which the server refuses.
chmod 0700 "$PGDATA"

exec postgres -D "$PGDATA" -c config_file="$CONFIG/postgresql.conf" -c hba_file="$CONFIG/pg_hba.conf" -c ident_file="$CONFIG/pg_ident.conf"
