#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What polkitd makes of our .policy and of the example rules, and what the bus makes of our bus policy.
# Needs no fwctld: pkcheck(1) asks as fwctld does, as root, about a sender on the bus.

set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
[ -n "${FWCTLD_SESSION:-}" ] || exec "$source_dir/tests/lib/session" --no-daemon -- "$0" "$@"
# shellcheck source=tests/lib/tap.sh
. "$source_dir/tests/lib/tap.sh"

action=org.fwctl.Broker1
feature=ffffffff-ffff-ffff-ffff-ffffffffffff

# Lines of ACTION ANY INACTIVE ACTIVE, as polkitd says them.
defaults()
{
	local id

	for id in $(pkaction | grep "^$action\."); do
		pkaction --verbose --action-id "$id" | awk -v id="${id#"$action".}" '
			/implicit/ { answers = answers " " $3 }
			END { print id answers }'
	done
}

# Gives USER a connection to the bus, and sets sender to its name. dbus-monitor(1) stays connected
# where it is refused to be a monitor.
connect()
{
	local attempt

	session-control as "$1" dbus-monitor --system member=Nothing >/dev/null 2>&1 &
	for ((attempt = 0; attempt < 600; attempt++)); do
		sender=$(busctl list --unique --no-legend | awk -v pid=$! '$2 == pid { print $1 }')
		[ -z "$sender" ] || return 0
		sleep 0.1
	done
	return 1
}

# Two users and a group that the example rules speak of, for all of this session's processes.
add_users()
{
	{
		echo 'fleet:x:64001:64001::/nonexistent:/usr/sbin/nologin'
		cat /etc/passwd
	} >"$TMPDIR/passwd"
	{
		echo 'fwctl:x:64002:games'
		echo 'fleet:x:64001:'
		cat /etc/group
	} >"$TMPDIR/group"
	mount --bind "$TMPDIR/passwd" /etc/passwd
	mount --bind "$TMPDIR/group" /etc/group
}

# answer NAME WANTED ACTION [DETAIL VALUE]...: what polkitd says about the sender.
answer()
{
	local details=() status=0 wanted=$2 what=$3 name=$1

	shift 3
	while [ $# -gt 0 ]; do
		details+=(--detail "$1" "$2")
		shift 2
	done
	pkcheck --action-id "$action.$what" --system-bus-name "$sender" "${details[@]}" \
		>/dev/null 2>&1 || status=$?
	case $status in
	0) is "$name" yes "$wanted" ;;
	1) is "$name" no "$wanted" ;;
	2) is "$name" challenge "$wanted" ;;
	*) is "$name" "error $status" "$wanted" ;;
	esac
}

test_policy_file()
{
	if [ -x /usr/bin/xmllint ] && [ -e /usr/share/polkit-1/policyconfig-1.dtd ]; then
		check 'the .policy file is valid' xmllint --noout --nonet \
			--dtdvalid /usr/share/polkit-1/policyconfig-1.dtd \
			"$source_dir/policy/$action.policy"
	else
		skip 'the .policy file is valid' 'needs libxml2-utils and the DTD of polkitd'
	fi
	is 'polkitd knows the eight actions and their defaults' "$(defaults)" "$(
		cat <<-'EOT'
			change-after-reset auth_admin auth_admin auth_admin_keep
			change-immediate auth_admin auth_admin auth_admin
			debug-read auth_admin auth_admin auth_admin_keep
			debug-write auth_admin auth_admin auth_admin
			disrupt auth_admin auth_admin auth_admin
			manage auth_admin auth_admin auth_admin
			read auth_admin_keep auth_admin_keep yes
			read-audit auth_admin auth_admin auth_admin_keep
		EOT
	)"
}

test_rules_change()
{
	connect nobody
	answer 'without rules nobody is to authenticate' challenge read
	session-control rules put 50-test.rules <<-EOT
		polkit.addRule(function (action, subject) {
			if (action.id === "$action.read" && subject.user === "nobody") {
				return polkit.Result.YES;
			}
		});
	EOT
	answer 'a rule allows' yes read
	answer 'and only what it says' challenge debug-read
	session-control rules put 50-test.rules <<-EOT
		polkit.addRule(function () { return polkit.Result.NO; });
	EOT
	answer 'a changed rule denies' no read
	session-control rules remove 50-test.rules
	answer 'without the rule it is as before' challenge read

	session-control polkit stop
	answer 'no polkitd, no answer' 'error 127' read
	session-control polkit start
	answer 'polkitd is back' challenge read
}

test_example_rules()
{
	local name set=(driver cxl feature "$feature")

	add_users
	session-control rules put 50-fwctld.rules <"$source_dir/policy/$action.rules.example"

	connect games
	answer 'example: a member of fwctl reads' yes read
	answer 'example: and does not change' challenge change-after-reset "${set[@]}"
	connect fleet
	answer 'example: the fleet user sets its Feature' yes change-after-reset "${set[@]}"
	answer 'example: no other Feature' challenge change-after-reset \
		driver cxl feature 00000000-0000-0000-0000-000000000001
	answer 'example: not on other devices' challenge change-after-reset driver mlx5 feature $feature
	answer 'example: nor without details' challenge change-after-reset
	answer 'example: nor reads by that' challenge read
	answer 'example: immediate changes are denied' no change-immediate "${set[@]}"
	connect nobody
	answer 'example: others do not read' challenge read
	answer 'example: nor set it' challenge change-after-reset "${set[@]}"
	name='example: immediate changes are denied to root'
	if [ "$(pkaction --version | grep -o '[0-9]*$')" -ge 125 ]; then
		# pkcheck cannot ask for that, as fwctld does; the test of fwctld has it.
		skip "$name" 'pkcheck has no flag for it'
	else
		skip "$name" 'this polkit asks no rule about root'
	fi
}

# own USER: what the bus answers where a user asks for our name.
own()
{
	session-control as "$1" busctl --system call org.freedesktop.DBus / org.freedesktop.DBus \
		RequestName su $action 0 2>&1
}

test_bus_policy()
{
	is 'root may own the name' "$(own root)" 'u 1'
	like 'others may not' "$(own nobody)" '[Aa]ccess denied'
}

test_policy_file
test_rules_change
test_example_rules
test_bus_policy
tap_done
