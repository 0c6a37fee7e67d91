#!/bin/sh
# The browser tests drive Debian's Chromium; Chinese screenshots need a font.
set -e
if [ -x /usr/bin/chromium ] && fc-list 2>/dev/null | grep -qi 'cjk'; then exit 0; fi
if ! command -v apt-get >/dev/null; then
    echo "make test: install chromium at /usr/bin/chromium and a Chinese font first" >&2
    exit 1
fi
SUDO=""; [ "$(id -u)" = 0 ] || SUDO=sudo
$SUDO apt-get update -qq
$SUDO env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fontconfig fonts-noto-cjk >/dev/null
