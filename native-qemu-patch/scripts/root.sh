# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# root.sh: for sourcing, after progress.sh.
#
#   as_root "$0" "$@"       goes on as root: nothing if the caller is, else the same command through sudo,
#                           with the caller's environment; does not return then
#   give_back FOLDER        makes FOLDER the property of the user who called sudo

as_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null || fail "needs root, and there is no sudo"
    exec sudo --preserve-env env "PATH=$PATH" "HOME=$HOME" "SIM_CACHE_DIR=$CACHE" "$@"
}

give_back() {
    # shellcheck disable=SC2153 # both are sudo's
    if [ -n "${SUDO_UID:-}" ] && [ -e "$1" ]; then chown -R "$SUDO_UID:$SUDO_GID" "$1"; fi
}
