# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# TAP for tests in bash: source it, call the checks, end with tap_done. A script that ends before
# tap_done bails out, so that a test which died cannot pass.
#
#   ok NAME / not_ok NAME [DIAGNOSTIC] / skip NAME REASON     a result that is known
#   check NAME COMMAND...           the command succeeds
#   check_status NAME STATUS COMMAND...   it exits with STATUS
#   is NAME GOT WANTED              two texts are the same
#   like NAME GOT PATTERN           a text has a match of an extended regular expression
#
# A checked command runs in a subshell; its output is shown as diagnostics when the check fails.

tap_count=0
tap_failed=0
tap_skipped=0
tap_complete=''

# diag TEXT: for people, line by line.
diag()
{
	[ -z "$1" ] || printf '# %s\n' "${1//$'\n'/$'\n# '}"
}

ok()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

not_ok()
{
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	diag "${2:-}"
}

skip()
{
	tap_count=$((tap_count + 1))
	tap_skipped=$((tap_skipped + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

check_status()
{
	local output status=0

	output=$("${@:3}" 2>&1) || status=$?
	if [ "$status" -eq "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "exit status $status, wanted $2: ${*:3}"
		diag "$output"
	fi
}

check()
{
	check_status "$1" 0 "${@:2}"
}

is()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got:    $2"
		diag "wanted: $3"
	fi
}

like()
{
	if [[ $2 =~ $3 ]]; then
		ok "$1"
	else
		not_ok "$1" "got:        $2"
		diag "no match of: $3"
	fi
}

# Tells the counts, and exits with 1 when a check failed or there was none.
tap_done()
{
	tap_complete=yes
	echo "1..$tap_count"
	echo "# $((tap_count - tap_failed - tap_skipped)) passed, $tap_failed failed, $tap_skipped skipped"
	[ $tap_failed -eq 0 ] && [ $tap_count -gt 0 ] || exit 1
	exit 0
}

tap_leave()
{
	local status=$?

	[ -n "$tap_complete" ] && exit $status
	echo "Bail out! the test ended early, exit status $status"
	exit 1
}
trap tap_leave EXIT
