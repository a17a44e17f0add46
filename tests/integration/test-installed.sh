#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-installed.sh BUILD: what meson install puts where, and that the broker starts from there by
# D-Bus activation.

set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$1
# shellcheck source=tests/lib/tap.sh
. "$source_dir/tests/lib/tap.sh"

place=$(mktemp -d "${TMPDIR:-/tmp}/fwctld-installed.XXXXXX")
chmod 0755 "$place"
trap 'rm -rf "$place"; tap_leave' EXIT

# Where Debian wants things, by the build for prefix=/usr.
DESTDIR=$place/debian meson install -C "$build" --no-rebuild --quiet >&2
wanted='/usr/bin/fwctl
/usr/lib/systemd/system/fwctld.service
/usr/lib/sysusers.d/fwctld.conf
/usr/lib/tmpfiles.d/fwctld.conf
/usr/lib/udev/rules.d/60-fwctld.rules
/usr/libexec/fwctld
/usr/share/dbus-1/interfaces/org.fwctl.Broker1.xml
/usr/share/dbus-1/system-services/org.fwctl.Broker1.service
/usr/share/dbus-1/system.d/org.fwctl.Broker1.conf
/usr/share/doc/fwctld/examples/org.fwctl.Broker1.rules.example
/usr/share/doc/fwctld/examples/pds-catalog.json
/usr/share/fwctld/catalog/bnxt.json
/usr/share/fwctld/catalog/cxl.json
/usr/share/fwctld/catalog/mlx5.json
/usr/share/fwctld/catalog/pds.json
/usr/share/man/man1/fwctl.1
/usr/share/polkit-1/actions/org.fwctl.Broker1.policy'
is 'the files are where Debian wants them' \
	"$(cd "$place/debian" && find . -type f ! -path '*/fwctld/simulated/*' | sed 's/^\.//' | sort)" \
	"$wanted"
check 'the simulated devices are installed too' \
	test -f "$place/debian/usr/share/fwctld/simulated/10-cxl-expander.json"
like 'the unit starts the installed program' \
	"$(cat "$place/debian/usr/lib/systemd/system/fwctld.service")" 'ExecStart=/usr/libexec/fwctld'
is 'the activation file names the unit and the program' \
	"$(grep -E '^(Exec|SystemdService|User)=' \
		"$place/debian/usr/share/dbus-1/system-services/org.fwctl.Broker1.service" | sort)" \
	'Exec=/usr/libexec/fwctld
SystemdService=fwctld.service
User=root'

# An installation without DESTDIR, started by the bus when somebody calls.
meson setup "$place/build" "$source_dir" --prefix="$place/prefix" -Dtests=disabled >&2
meson install -C "$place/build" --quiet >&2

# Runs as root in the session: the calls are an unprivileged user's.
cat >"$place/calls" <<'CALLS'
#!/bin/bash
set -euo pipefail
as_user() { setpriv --reuid=nobody --regid=nogroup --clear-groups -- "$@"; }
! busctl list --acquired --no-legend | grep -q org.fwctl.Broker1 || { echo 'ran before'; exit 1; }
as_user fwctl get mem0 cxl-test --json
as_user fwctl set mem0 cxl-test value=7 --allow-taint --json
as_user fwctl audit verify
CALLS
chmod 0755 "$place/calls"
output=$("$source_dir/tests/lib/session" --prefix "$place/prefix" --activate \
	--simulate "$source_dir/policy/simulated" --rules "$source_dir/tests/lib/try.rules" -- \
	"$place/calls" 2>"$place/errors") && status=0 || status=$?
is 'the bus starts the installed broker for an unprivileged caller' "$status" 0
diag "$(cat "$place/errors")"
like 'it answers a read' "$output" '"data": ?"efbeadde"'
like 'it makes a change' "$output" '"outcome": ?"applied"'
like 'its log verifies' "$output" 'The log is whole'
tap_done
