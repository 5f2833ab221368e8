# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# Words for cases that boot a Debian in an emulated machine (qemu without KVM,
# so that it runs anywhere); source it after lib.sh and debs.sh.
#
# The machine has one disk, the file $DISK. It is mounted on $ROOT here while
# the machine is off, and never while it is on; the kernel and its ramdisk are
# given to qemu, so there is no boot loader. In the guest a unit of ours runs
# /root/orders/NAME, where the kernel's command line has di.order=NAME, and
# talks to us over a second serial line, a word a line, which is $REPORT here.
#
# A cut is SIGKILL to qemu: what the guest had not written is lost.
#
# Set from outside:
#	DI_ACCEL	qemu's accelerator (tcg)
#	DI_KEEP		a folder for all that the machine said

BOOT_PACKAGES="systemd systemd-sysv udev kmod initramfs-tools zstd e2fsprogs
	linux-image-cloud-amd64"
# Raise it when images made by older code must not be used any more.
BOOT_VERSION=1
# What a guest may take for anything at most, in seconds: the machine may have
# other work.
BOOT_PATIENCE=${BOOT_PATIENCE:-300}

# boot_probe: says what this machine lacks.
boot_probe()
{
	if [ "$(command dpkg --print-architecture)" != amd64 ]; then
		echo "the emulated machine is an amd64"
		return 1
	fi
	command -v qemu-system-x86_64 >/dev/null || {
		echo "no qemu-system-x86_64 (package qemu-system-x86)"
		return 1
	}
	bed_probe
}

##### The disk ##############################################################

# The ramdisk is for this machine alone: a small one starts sooner.
# shellcheck disable=SC2317  # called by bed_add
boot_prepare()
{
	mkdir -p "$ROOT/etc/initramfs-tools/conf.d" &&
	echo MODULES=list >"$ROOT/etc/initramfs-tools/conf.d/small" &&
	printf '%s\n' virtio_pci virtio_blk ext4 \
		>"$ROOT/etc/initramfs-tools/modules" &&
	echo "/dev/vda / ext4 errors=remount-ro 0 1" >"$ROOT/etc/fstab"
}

# shellcheck disable=SC2317,SC2086  # called by bed_derived; a list
boot_fill()
{
	bed_add "$1" boot_prepare $BOOT_PACKAGES
}

# boot_base SUITE: the image that boots.
boot_base()
{
	bed_derived "$1" boot "$BOOT_VERSION $BOOT_PACKAGES" boot_fill \
		"$DI_TESTS/system/long/boot.sh"
}

# disk_on: the disk is on $ROOT; nothing but that mount holds it.
disk_on()
{
	mkdir -p "$ROOT"
	mount -o loop "$DISK" "$ROOT" || die "cannot mount the disk"
	BED_OPEN+=("$ROOT")
	bed_dev "$ROOT" || die "cannot mount what the disk needs"
}

# disk_off: strictly, for two kernels on one file system would spoil it.
disk_off()
{
	local try

	for try in 1 2 3 4 5; do
		if umount -R "$ROOT" 2>"$OUT"; then
			BED_OPEN=()
			# The loop device goes a moment later.
			[ -z "$(losetup -j "$DISK")" ] && return
		fi
		sleep "0.$try"
	done
	die "the disk is still in use here: $(cat "$OUT")"
}

# disk_copy FROM TO
disk_copy()
{
	cp --reflink=auto --sparse=always -- "$1" "$2" || die "no room"
}

##### The guest's half ######################################################

# boot_agent: the guest's unit and what it does, in no package.
boot_agent()
{
	mkdir -p "$ROOT/root/orders" \
		"$ROOT/etc/systemd/system/multi-user.target.wants"
	cat >"$ROOT/etc/systemd/system/di-agent.service" <<-'END'
	[Unit]
	Description=Does what the test says
	ConditionKernelCommandLine=di.test
	[Service]
	Type=simple
	ExecStart=/root/agent
	[Install]
	WantedBy=multi-user.target
	END
	ln -sf ../di-agent.service \
		"$ROOT/etc/systemd/system/multi-user.target.wants/"
	cat >"$ROOT/root/agent" <<-'END'
	#!/bin/sh
	exec <>/dev/ttyS1 >&0 2>&1
	stty raw -echo
	export HOME=/root DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
	export PATH=/usr/sbin:/usr/bin:/sbin:/bin
	echo "system $(systemctl is-system-running --wait)"
	systemctl list-units --failed --plain --no-legend | sed 's/^/failed /'
	sh /root/orders/report </dev/null
	sync
	echo end
	grep -qw di.stay /proc/cmdline || exec systemctl poweroff 2>/dev/null
	while read -r order; do
		if [ -z "$order" ]; then
			echo awake
			continue
		fi
		echo "$order" >/run/di-moment
		sh "/root/orders/$order" </dev/null >/run/di-log 2>&1
		rc=$?
		sed 's/^/| /' /run/di-log
		echo "through $rc"
	done
	END
	chmod 755 "$ROOT/root/agent"
}

# order NAME: standard input is what the guest is to do then.
order()
{
	cat >"$ROOT/root/orders/$1"
}

##### The machine ###########################################################

VM=
KEPT=0

# vm_start [-incoming FILE] [WORD]...: switches it on, with WORDs on the
# kernel's command line, or awakes what vm_freeze has put into FILE. Services
# that have nothing to do with us are left out, for they cost time. VM_DRIVE is
# more that qemu is to know of the disk (",readonly=on").
vm_start()
{
	local words="root=/dev/vda rw console=ttyS0 panic=-1 di.test" name
	local incoming=()

	[ -z "$VM" ] || die "the machine is on already"
	! mountpoint -q "$ROOT" || die "the disk is mounted here"
	if [ "${1:-}" = -incoming ]; then
		incoming=(-incoming "exec:cat '$2'")
		shift 2
	fi
	for name in e2scrub_reap.service getty-static.service getty.target; do
		words="$words systemd.mask=$name"
	done
	CONSOLE=$WORK/console
	REPORT=$WORK/report
	LINE=$WORK/line
	rm -f "$LINE.in" "$LINE.out"
	mkfifo "$LINE.in" "$LINE.out"
	cat "$LINE.out" >"$REPORT" &
	VM_READER=$!
	VM_START=$SECONDS
	# qemu 7.2 spoils the flags after a cmpxchg16b now and then, and kernels
	# of 6.12 panic: they do without it where the processor has none.
	qemu-system-x86_64 -accel "${DI_ACCEL:-tcg,tb-size=512}" \
		-cpu qemu64,-cx16 -m 512 -smp 2 -nodefaults -display none -no-reboot \
		-kernel "$WORK/vmlinuz" -initrd "$WORK/initrd.img" \
		-append "$words mitigations=off quiet no_timer_check $*" \
		-drive "file=$DISK,format=raw,if=virtio,cache=writeback${VM_DRIVE:-}" \
		-serial "file:$CONSOLE" -serial "pipe:$LINE" \
		-qmp "unix:$WORK/qmp,server=on,wait=off" "${incoming[@]}" \
		>"$WORK/qemu.log" 2>&1 </dev/null &
	VM=$!
}

# vm_tell ORDER: to a machine that stays. What comes while it is still waking
# up gets lost.
vm_tell()
{
	until grep -qs '^awake$' "$REPORT"; do
		echo >"$LINE.in"
		if ! vm_patience || ! kill -0 "$VM" 2>/dev/null; then
			return 1
		fi
		sleep 0.3
	done
	echo "$1" >"$LINE.in"
}

# Why it is not as it should be, for the reader.
vm_trouble()
{
	{
		cat "$WORK/qemu.log"
		tail -n 15 "$CONSOLE"
		tail -n 60 "$REPORT"
	} | tr -d '\r' >"$WORK/trouble"
	note "$(cat "$WORK/trouble")"
}

vm_patience()
{
	[ $((SECONDS - VM_START)) -le "$BOOT_PATIENCE" ]
}

# vm_wait WORD: until it has said that; or its order is through without it.
vm_wait()
{
	# With a carriage return as long as nobody has set the line.
	until grep -qsE -- "^$1.?\$" "$REPORT"; do
		if ! vm_patience || ! kill -0 "$VM" 2>/dev/null ||
		    grep -qs '^through ' "$REPORT"; then
			vm_trouble
			return 1
		fi
		sleep 0.02
	done
}

# The process has ended, or is about to; sets VM_STATUS.
vm_ended()
{
	wait "$VM" 2>/dev/null
	VM_STATUS=$?
	VM=
	# Its reader gets to the end, even where qemu never opened the line.
	: <>"$LINE.out"
	wait "$VM_READER"
	[ -z "${DI_KEEP:-}" ] || {
		KEPT=$((KEPT + 1))
		cp "$REPORT" "$DI_KEEP/report.$KEPT"
		cp "$CONSOLE" "$DI_KEEP/console.$KEPT"
	}
}

# vm_cut: the power fails.
vm_cut()
{
	kill -KILL "$VM" 2>/dev/null
	vm_ended
}

# vm_off: until it has switched itself off; its exit status.
vm_off()
{
	while kill -0 "$VM" 2>/dev/null; do
		if ! vm_patience; then
			vm_trouble
			vm_cut
			return 1
		fi
		sleep 0.1
	done
	vm_ended
	return "$VM_STATUS"
}

# vm_freeze FILE: the running machine goes to sleep in FILE, so that many
# stories can go on from here without a boot each; with a copy of the disk.
vm_freeze()
{
	python3 - "$WORK/qmp" "$1" <<-'END' || return
	import json, shlex, socket, sys, time
	s = socket.socket(socket.AF_UNIX)
	s.settimeout(120)
	s.connect(sys.argv[1])
	f = s.makefile('rw')
	def ask(word, **arguments):
	    f.write(json.dumps({'execute': word, 'arguments': arguments}))
	    f.flush()
	    while True:
	        answer = json.loads(f.readline())
	        if 'error' in answer:
	            sys.exit(str(answer['error']))
	        if 'return' in answer:
	            return answer['return']
	f.readline()
	ask('qmp_capabilities')
	ask('migrate-set-parameters', **{'max-bandwidth': 1 << 33})
	ask('migrate', uri='exec:cat >' + shlex.quote(sys.argv[2]))
	end = time.monotonic() + 120
	while True:
	    state = ask('query-migrate').get('status')
	    if state == 'completed':
	        break
	    if state in ('failed', 'cancelled') or time.monotonic() > end:
	        sys.exit('migration: %s' % state)
	    time.sleep(0.1)
	ask('quit')
	END
	vm_off
}
