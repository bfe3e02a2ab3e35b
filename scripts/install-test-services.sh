#!/bin/sh
# Installs what the tests need besides npm: redis-server, RabbitMQ, Python's Celery with redis, msgpack and yaml, Chromium, openssl, faketime, shells.
# Runs apt-get as root on Debian or Ubuntu; elsewhere it says what to install and fails.
set -eu

missing=""
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
/usr/bin/python3 -c 'import celery' >/dev/null 2>&1 || missing="$missing python3-celery"
/usr/bin/python3 -c 'import redis' >/dev/null 2>&1 || missing="$missing python3-redis"
/usr/bin/python3 -c 'import msgpack' >/dev/null 2>&1 || missing="$missing python3-msgpack"
/usr/bin/python3 -c 'import yaml' >/dev/null 2>&1 || missing="$missing python3-yaml"
[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing="$missing rabbitmq-server"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
[ -x /usr/sbin/mariadbd ] || missing="$missing mariadb-server"
/usr/bin/python3 -c 'import sqlalchemy' >/dev/null 2>&1 || missing="$missing python3-sqlalchemy"
/usr/bin/python3 -c 'import psycopg2' >/dev/null 2>&1 || missing="$missing python3-psycopg2"
/usr/bin/python3 -c 'import pymysql' >/dev/null 2>&1 || missing="$missing python3-pymysql"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
command -v faketime >/dev/null 2>&1 || missing="$missing faketime"
command -v zsh >/dev/null 2>&1 || missing="$missing zsh"
command -v fish >/dev/null 2>&1 || missing="$missing fish"
command -v ip >/dev/null 2>&1 || missing="$missing iproute2"
[ -x /usr/bin/chromium ] || missing="$missing chromium"
[ -z "$missing" ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "The tests need these, please install them:$missing" >&2
  exit 1
fi
echo "Installing$missing …"
apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
# Debian starts a redis-server and a RabbitMQ node of its own; the tests start private ones on free ports, under names
# of their own, and leave those alone.
