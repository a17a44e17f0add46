#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The session itself (tests/lib/session): what it gives to a command, and that it leaves nothing.

set -euo pipefail

lib=$(cd "$(dirname "${BASH_SOURCE[0]}")/../lib" && pwd)
# shellcheck source=tests/lib/tap.sh
. "$lib/tap.sh"

# A place of its own to look for what a session leaves behind; all users must be able to enter it.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/fwctld-test.XXXXXX")
export TMPDIR
chmod 0755 "$TMPDIR"
trap 'rm -rf "$TMPDIR"; tap_leave' EXIT

session()
{
	"$lib/session" --no-daemon "$@"
}

# What is in the folders that a session mounts over or could write to, and what is mounted there.
system_state()
{
	ls -AR /etc/polkit-1 /etc/dbus-1 /usr/share/polkit-1 /usr/share/dbus-1/system.d /var/log/fwctld \
		/var/lib/fwctld /run/polkit-1 2>/dev/null || :
	grep -E 'polkit|fwctld-(session|test)' /proc/self/mounts || :
}

# until_live COUNT: waits for that many processes that are ours by their argument.
until_live()
{
	local attempt

	for ((attempt = 0; attempt < 600; attempt++)); do
		[ "$(pgrep -c -f -x "sleep $marker" || :)" != "$1" ] || return 0
		sleep 0.1
	done
	return 1
}

before=$(system_state)
marker=86400.$$

check_status 'the exit status is that of the command' 42 session -- sh -c 'exit 42'
check_status 'a command that is not there' 127 session -- /nonexistent
check_status 'an unknown option' 125 session --wrong -- true
check_status 'no command' 125 session
check_status 'a rules file that is not there' 125 session --rules "$TMPDIR/none.rules" -- true
check_status 'no daemon to start' 125 "$lib/session" --build "$TMPDIR" -- true
check_status 'users other than root are told to skip' 77 \
	setpriv --reuid=nobody --regid=nogroup --clear-groups "$lib/session" -- true
is 'standard input reaches the command' "$(session -- cat <<<'some text')" 'some text'
is 'polkitd and the bus run as they should' \
	"$(session -- busctl list --unique --no-legend | awk '$3 == "polkitd" { print $4 }')" polkitd
is 'without polkitd' \
	"$(session --no-polkit -- busctl list --no-legend | grep -c PolicyKit1 || :)" 0
# shellcheck disable=SC2016 # for the inner shell
for user in nobody daemon games; do
	check "the user $user reaches the bus, and a file of the build's folder" \
		session --build "$lib" -- session-control as $user sh -c '
			[ "$(id -un)" = '$user' ] && cat "$FWCTLD_BUILD/tap.sh" >/dev/null &&
			busctl call org.freedesktop.DBus / org.freedesktop.DBus GetId'
done
# shellcheck disable=SC2016
check_status 'the log is closed to others' 1 \
	session -- sh -c 'session-control as nobody test -x "$FWCTLD_LOG"'

# shellcheck disable=SC2016
check 'what the command leaves running is ended' session -- sh -c "sleep $marker & setsid sleep $marker &"
check 'none is left' until_live 0

for signal in TERM HUP KILL; do
	"$lib/session" --no-daemon -- sleep "$marker" >/dev/null 2>&1 &
	pid=$!
	check "SIG$signal: the session runs" until_live 1
	kill -$signal $pid
	wait $pid 2>/dev/null || :
	check "SIG$signal: its processes end" until_live 0
done
# Killed, it cannot remove the folder that its own were mounted on.
is 'of all these sessions one empty folder is left, by the killed one' \
	"$(find "$TMPDIR" -mindepth 1 | wc -l)" 1
check 'it is empty' rmdir "$TMPDIR"/fwctld-session.*

kept=$(session --keep -- true 2>&1)
check 'a session can be kept' test -S "${kept##* }/bus"
is 'the system is as before' "$(system_state)" "$before"

tap_done
