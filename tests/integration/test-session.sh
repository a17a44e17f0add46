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

# Folders that a session mounts over or could write to, as a text.
system_state()
{
	ls -laR /etc/polkit-1 /etc/dbus-1 /usr/share/polkit-1 /usr/share/dbus-1/system.d /var/log/fwctld \
		/var/lib/fwctld /run/polkit-1 /run/dbus /run/systemd 2>/dev/null || :
	cat /proc/self/mounts
}

# live MARKER: how many processes have the marker in their arguments.
live()
{
	local count=0 file

	for file in /proc/[0-9]*/cmdline; do
		if tr '\0' ' ' <"$file" 2>/dev/null | grep -q "sleep $1"; then
			count=$((count + 1))
		fi
	done
	echo $count
}

# until_live MARKER COUNT: waits for that many of them.
until_live()
{
	local attempt

	for ((attempt = 0; attempt < 600; attempt++)); do
		[ "$(live "$1")" != "$2" ] || return 0
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
check 'none is left' until_live "$marker" 0

for signal in TERM HUP KILL; do
	session -- sleep "$marker" >/dev/null 2>&1 &
	pid=$!
	check "SIG$signal: the session runs" until_live "$marker" 2
	kill -$signal "$(pgrep -P $pid)" 2>/dev/null || kill -$signal $pid
	wait $pid 2>/dev/null || :
	check "SIG$signal: its processes end" until_live "$marker" 0
done
# Killed, it cannot remove the folder that its own were mounted on.
is 'of all these sessions one empty folder is left, by the killed one' \
	"$(find "$TMPDIR" -mindepth 1 | wc -l)" 1
check 'it is empty' rmdir "$TMPDIR"/fwctld-session.*

kept=$(session --keep -- true 2>&1)
check 'a session can be kept' test -S "${kept##* }/bus"
is 'the system is as before' "$(system_state)" "$before"

tap_done
