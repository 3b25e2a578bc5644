#!/bin/sh
# nginx with an eye on the replicas: it looks names up once, at its start, and `--scale` or a restart changes them.
set -eu

# Each address behind the name `service`. One failure takes a replica out for five seconds; were all out at once,
# all are tried again as their own backups, rather than everybody turned away.
replicas() {
    getent ahostsv4 service | sort -u -k 1,1 | awk '{
        print "server " $1 ":8000 max_fails=1 fail_timeout=5s;"
        print "server " $1 ":8000 max_fails=0 backup;"
    }' | sort
}

watch() {
    # Whatever fails (a name that is away, a full disk) is tried again a second later: this loop never ends.
    while sleep 1; do
        replicas > /tmp/found || continue
        # A replica that went is out by its failures. Only a new one is worth a reload, which closes idle connections.
        if [ -n "$(comm -13 /tmp/replicas.conf /tmp/found)" ]; then
            mv /tmp/found /tmp/replicas.conf && nginx -c /etc/unroll/nginx.conf -s reload || continue
        fi
    done
}

until replicas > /tmp/replicas.conf && [ -s /tmp/replicas.conf ]; do
    sleep 1
done
watch &
exec nginx -c /etc/unroll/nginx.conf -g 'daemon off;'
