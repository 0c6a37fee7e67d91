#!/bin/sh
# What tests drive beside Python: Debian's Chromium with a Chinese font, LibreOffice, pdftoppm.
set -e
has() { command -v "$1" >/dev/null; }
missing=""
[ -x /usr/bin/chromium ] || missing="$missing chromium chromium-sandbox"
fc-list 2>/dev/null | grep -qi cjk || missing="$missing fontconfig fonts-noto-cjk"
program=$(dirname "$(readlink -f "$(command -v soffice || echo /none/soffice)")")
[ -e "$program/libsclo.so" ] || missing="$missing libreoffice-calc-nogui"
[ -e "$program/libswlo.so" ] || missing="$missing libreoffice-writer-nogui"
has pdftoppm || missing="$missing poppler-utils"
[ -n "$missing" ] || exit 0
if ! has apt-get; then
    echo "make test: this system needs (names of Debian):$missing" >&2
    exit 1
fi
SUDO=""; [ "$(id -u)" = 0 ] || SUDO=sudo
$SUDO apt-get update -qq
# shellcheck disable=SC2086  # one word per package
$SUDO env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
