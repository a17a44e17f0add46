#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-unit.sh BUILD: the installed unit under a real systemd with real devices: started by the bus,
# confined as fwctld.service says, and able to do its work. BUILD is for prefix=/usr.
#
# It boots a guest (tests/vm/boot) and installs into it; what the guest writes is gone afterwards. The
# guest's process 1 is boot's own, so systemd is the first process of a process namespace. It has the
# machine's real bus socket, cgroups and devices.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
results=/run/test-unit
other_bus=/run/test-unit-bus/bus

# Of the machine's units only what the bus needs: the guest's init has done the rest.
unwanted='systemd-udevd.service systemd-udev-trigger.service systemd-udevd-control.socket
systemd-udevd-kernel.socket systemd-sysctl.service systemd-random-seed.service
systemd-update-utmp.service systemd-remount-fs.service systemd-journal-flush.service
systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service systemd-tmpfiles-clean.timer
systemd-sysusers.service systemd-modules-load.service systemd-binfmt.service
systemd-hwdb-update.service systemd-firstboot.service ldconfig.service apparmor.service
keyboard-setup.service console-setup.service networking.service dev-hugepages.mount dev-mqueue.mount
sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount'

# ---- In the guest, before systemd.

in_guest()
{
	local status=0 unit

	meson install -C "$1" --no-rebuild --quiet >&2
	udevadm control --reload
	udevadm trigger --subsystem-match=fwctl --settle
	for unit in $unwanted; do
		ln -sf /dev/null "/etc/systemd/system/$unit"
	done
	# Newer systemds do not ask the kernel for what it audits unless they are told to.
	mkdir -p /etc/systemd/system/systemd-journald.service.wants
	ln -sf /lib/systemd/system/systemd-journald-audit.socket \
		/etc/systemd/system/systemd-journald.service.wants/
	mkdir $results
	cat >/etc/systemd/system/test-unit.service <<-UNIT
		[Unit]
		Wants=dbus.socket
		After=dbus.socket

		[Service]
		Type=oneshot
		ExecStart="$here/test-unit.sh" --under-systemd
		StandardOutput=append:$results/tap
		StandardError=inherit
		ExecStopPost=/bin/sh -c 'exec systemctl poweroff --force --force >/dev/null'
	UNIT

	# It ignores SIGTERM, and so does unshare(1).
	container=other timeout -s KILL 600 unshare --mount --pid --fork --kill-child --mount-proc \
		/lib/systemd/systemd --unit=test-unit.service --log-target=null --show-status=0 \
		</dev/null >&2 || status=$?
	cat $results/tap || {
		echo "systemd ended with exit status $status before the test began"
		exit 1
	}
	exec "$here/test-unit.sh" --judge
}

# The test's exit status is lost in systemd's; the TAP has it.
judge()
{
	grep -q '^1\.\.' $results/tap && ! grep -q '^not ok' $results/tap
}

# ---- Under systemd.

nobody()
{
	setpriv --reuid=nobody --regid=nogroup --clear-groups -- "$@"
}

property()
{
	systemctl show --value --property="$1" fwctld.service
}

# confinement: what the kernel says of the running fwctld.
confinement()
{
	sed -n 's/^\(CapEff\|CapBnd\|NoNewPrivs\|Seccomp\):\t\(.*\)/\1=\2/p' \
		"/proc/$(property MainPID)/status" | sort | tr '\n' ' '
}

device_count()
{
	fwctl list --json | grep -o '"type": *"cxl"' | wc -l
}

# devices_become COUNT: waits until the broker has that many.
devices_become()
{
	local attempt

	for ((attempt = 0; attempt < 300; attempt++)); do
		[ "$(device_count)" != "$1" ] || return 0
		sleep 0.2
	done
	return 1
}

test_start()
{
	is 'it does not run before it is asked for' "$(property ActiveState)" inactive
	check 'a call by an unprivileged user starts it' nobody fwctl list
	is 'as the unit' "$(property ActiveState)" active
	is 'with every device' "$(device_count)" "$(find /sys/class/fwctl -mindepth 1 | wc -l)"
	is 'its directories are closed to others' \
		"$(stat -c %a /var/log/fwctld /var/lib/fwctld | tr '\n' ' ')" '700 700 '
	is 'it has CAP_SYS_RAWIO, CAP_AUDIT_WRITE and nothing else' "$(confinement)" \
		'CapBnd=0000000020020000 CapEff=0000000020020000 NoNewPrivs=1 Seccomp=2 '
}

test_work()
{
	local memdev=$1 node record memfds

	check 'it reads a value' fwctl get "$memdev" cxl-test
	check 'it changes one' fwctl set "$memdev" cxl-test value=7 --allow-taint
	check 'its log verifies' fwctl audit verify
	record=$(grep -h '"type": *"intent"' /var/log/fwctld/audit-*.jsonl | tail -n 1)
	like 'the record says which unit asked' "$record" '"unit": *"test-unit\.service"'
	is 'nobody else can open a node' \
		"$(stat -c '%a %U %G' /dev/fwctl/* | sort -u)" '600 root root'
	node=$(find /dev/fwctl -type c -printf '%f\n' -quit)
	memfds=$(rpc_by_memfd "$node")
	if [ "$memfds" = 'in the message' ]; then
		skip 'an answer travels in a memfd' 'this kernel has no process_vm_writev()'
	else
		is 'a request and its answer travel in memfds' "$memfds" 'True True'
	fi
	is 'systemd has a unit for a node' "$(systemctl is-active "dev-fwctl-$node.device" || :)" active
}

# rpc_by_memfd DEVICE: asks for the list of Features by memfd; whether the answer is in the other memfd
# and not in the message. Where the kernel has no process_vm_writev() it has to be in the message.
rpc_by_memfd()
{
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../integration \
		DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/system_bus_socket python3 - "$1" <<-'PYTHON'
		import ctypes, errno, fcntl, os, struct, sys
		import dbus
		libc = ctypes.CDLL(None, use_errno=True)
		libc.process_vm_writev(os.getpid(), None, 0, None, 0, 0)
		lacks = ctypes.get_errno() == errno.ENOSYS
		seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
		request = os.memfd_create("request", os.MFD_ALLOW_SEALING)
		os.write(request, struct.pack("<IIIIIHH", 0x0500, 0, 8, 0, 56, 0, 0))
		fcntl.fcntl(request, fcntl.F_ADD_SEALS, seals)
		answer = os.memfd_create("response", os.MFD_ALLOW_SEALING)
		os.posix_fallocate(answer, 0, 4096)
		fcntl.fcntl(answer, fcntl.F_ADD_SEALS, seals & ~fcntl.F_SEAL_WRITE)
		response, info = dbus.Connection().call(
		    "org.fwctl.Broker1", f"/org/fwctl/Broker1/device/{sys.argv[1]}",
		    "org.fwctl.Broker1.Device", "Rpc", "ayua{sv}", b"", 4096,
		    {"request-memfd": ("h", request), "response-memfd": ("h", answer)})
		if lacks and len(response) >= 16 and "response-size" not in info:
		    print("in the message")
		else:
		    print(response == b"" and info["response-size"] >= 16, any(os.pread(answer, 16, 0)))
	PYTHON
}

# heads_in_log: the number and hash of each record.
heads_in_log()
{
	sed -n 's/^{"v":1,"seq":\([0-9]*\),.*,"hash":"\([0-9a-f]*\)"}$/\1 \2/p' \
		/var/log/fwctld/audit-*.jsonl
}

# heads_in_journal: the same of what the unit announced, without what a start tells of the log's end.
heads_in_journal()
{
	journalctl --no-pager -o json MESSAGE_ID=9d1c8f0a6f5e4d3b8a2b7c1e0f4d6a91 \
		_SYSTEMD_UNIT=fwctld.service | python3 -c '
import json, sys
for entry in map(json.loads, sys.stdin):
	if "FWCTL_TYPE" in entry:
		print(entry["FWCTL_SEQ"], entry["FWCTL_HASH"])'
}

# heads_in_kernel: the same of what the kernel audited, which journald asks for.
heads_in_kernel()
{
	journalctl --no-pager -o cat _TRANSPORT=audit _AUDIT_TYPE=1121 | grep -v 'op=head ' | sed -n \
		"s/.*'op=[a-z]* seq=\([0-9]*\) hash=\([0-9a-f]*\) .*exe=\"[^ ]*fwctld\".*/\1 \2/p"
}

# equals WORDS FUNCTION FUNCTION: that both print the same in the end.
equals()
{
	local attempt

	for ((attempt = 0; attempt < 20; attempt++)); do
		[ "$($2)" != "$($3)" ] || break
		sleep 0.2
	done
	is "$1" "$($2)" "$($3)"
}

# What left the log for other places, under the unit's confinement.
test_heads()
{
	check 'the log has records' test "$(heads_in_log | wc -l)" -ge 3
	equals 'the journal has each head of the log' heads_in_journal heads_in_log
	equals 'so has the kernel'\''s audit subsystem' heads_in_kernel heads_in_log
}

# The unit's list of devices is made when it starts; a later one must be let in too.
test_hotplug()
{
	local before device driver

	before=$(device_count)
	device=$(realpath "/sys/bus/cxl/devices/$1/..")
	driver=$(realpath "$device/driver")
	echo "${device##*/}" >"$driver/unbind"
	check 'it sees a device go' devices_become $((before - 1))
	echo "${device##*/}" >"$driver/bind"
	check 'and come, and opens it' devices_become "$before"
}

# other_bus_has COUNT: waits until fwctld serves on the other bus after so many restarts by systemd.
other_bus_has()
{
	local attempt

	for ((attempt = 0; attempt < 300; attempt++)); do
		[ "$(property NRestarts)" != "$1" ] ||
			! fwctl --address unix:path=$other_bus list >/dev/null 2>&1 || return 0
		sleep 0.2
	done
	return 1
}

# The bus dies and comes again. Not the machine's, for systemd itself does not take that well: one that
# is made for this, and so systemd cannot wait for the name on it.
test_bus()
{
	local dropins=/run/systemd/system/fwctld.service.d

	mkdir -p $dropins "${other_bus%/*}"
	sed "s|@bus@|$other_bus|" >"${other_bus%/*}/conf" <<-'XML'
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig>
		  <listen>unix:path=@bus@</listen>
		  <policy context="default">
		    <allow user="*"/>
		    <allow own="*"/>
		    <allow send_destination="*"/>
		    <allow receive_sender="*"/>
		  </policy>
		</busconfig>
	XML
	cat >/run/systemd/system/other-bus.service <<-UNIT
		[Service]
		ExecStart=/usr/bin/dbus-daemon --nofork --nopidfile --config-file=${other_bus%/*}/conf
		Restart=always
		RestartSec=0
	UNIT
	cat >$dropins/other-bus.conf <<-UNIT
		[Service]
		Type=exec
		BusName=
		Environment=DBUS_SYSTEM_BUS_ADDRESS=unix:path=$other_bus
	UNIT
	systemctl stop fwctld.service
	systemctl daemon-reload
	systemctl start other-bus.service fwctld.service
	check 'it serves on another bus' other_bus_has 0
	kill -KILL "$(systemctl show --value --property=MainPID other-bus.service)"
	check 'when that dies it ends, and systemd starts it on the next one' other_bus_has 1
	check 'its log verifies' fwctl audit verify /var/log/fwctld
	systemctl stop fwctld.service other-bus.service
	rm -r $dropins
	systemctl daemon-reload
}

test_blocked()
{
	echo '[Broker]
ImmediateChanges=no' >/etc/fwctld/fwctld.conf
	check 'it restarts' systemctl restart fwctld.service
	like 'without immediate changes it gives CAP_SYS_RAWIO up, and that alone' "$(confinement)" \
		'CapEff=0000000020000000'
	check 'and still works' nobody fwctl list
	is 'a change is refused' \
		"$(nobody fwctl --no-ask-password set "$1" cxl-test value=8 2>/dev/null || echo $?)" 3
	check 'it stops' systemctl stop fwctld.service
	is 'by itself' "$(property Result) $(property ExecMainStatus)" 'success 0'
}

under_systemd()
{
	local memdev

	# shellcheck source=tests/lib/tap.sh
	. "$here/../lib/tap.sh"
	# One that hangs on a driver that can be unbound.
	for memdev in /sys/bus/cxl/devices/mem*; do
		[ ! -e "$memdev/../driver/unbind" ] || break
	done
	memdev=${memdev##*/}
	test_start
	test_work "$memdev"
	test_heads
	test_hotplug "$memdev"
	test_blocked "$memdev"
	test_heads
	test_bus
	journalctl --no-pager -o cat -u fwctld.service | sed 's/^/# fwctld: /'
	tap_done
}

case ${1:?which build?} in
--guest) in_guest "$2" ;;
--under-systemd) under_systemd ;;
--judge) judge ;;
*) exec "$here/boot" --append audit=1 "$here/test-unit.sh" --guest "$(realpath "$1")" ;;
esac
