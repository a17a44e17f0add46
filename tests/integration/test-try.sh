#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# ./try as somebody runs it who has no terminal, and the prompt of somebody who has one.

set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/lib/tap.sh
. "$source_dir/tests/lib/tap.sh"

place=$(mktemp -d "${TMPDIR:-/tmp}/fwctld-try.XXXXXX")
trap 'rm -rf "$place"; tap_leave' EXIT

check_status 'it walks through the whole job' 0 \
	bash -c "'$source_dir/try' </dev/null >'$place/first' 2>'$place/errors'"
like 'it lists the devices' "$(cat "$place/first")" 'fwctl0 +cxl +mem0'
like 'it shows a refused change' "$(cat "$place/errors")" 'change-immediate needs somebody'
like 'it shows an allowed change' "$(cat "$place/first")" 'Outcome +applied'
like 'it verifies the log' "$(cat "$place/first")" 'The log is whole'
check_status 'a second run does not trip over the first' 0 \
	bash -c "'$source_dir/try' </dev/null >'$place/second' 2>&1"

# script(1) gives it a terminal; the words typed at the prompt come from a pipe.
{
	sleep 1
	printf 'echo uid=$(id -u); fwctl get mem0 cxl-test --json; exit\n'
} | script -qec "'$source_dir/try'" "$place/terminal" >/dev/null 2>&1 || :
like 'on a terminal it leaves an unprivileged user at a prompt' \
	"$(tr -d '\r' <"$place/terminal")" 'uid=65534'
like 'where fwctl works' "$(tr -d '\r' <"$place/terminal")" '"data": ?"efbeadde"'
tap_done
