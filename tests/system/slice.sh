# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# The vertical slice, one suite a case: SUITE=bookworm, then source this.
#
# A Debian is used through real apt and dpkg, once without us (the twin) and
# once diverted and adopted. After every step the exit status and every
# package's state must be the twin's, and the oracle must have nothing to
# say; at the end the two trees must be the same but for our own files.

# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
bed_enter "$@"

INSTALL="cron dbus man-db iputils-ping openssh-client perl-doc
	wireshark-common python3-minimal vim-tiny less locales
	initramfs-tools sudo tzdata ca-certificates"
REINSTALL="cron dbus man-db perl-doc openssh-client"
REMOVE="iputils-ping perl-doc wireshark-common locales ca-certificates"
PURGE="cron man-db openssh-client vim-tiny less"
RESIDUE="iputils-ping perl-doc wireshark-common locales ca-certificates"

# Local packages: an old version (v1) and a new one (v2) of each.
make_debs()
{
	local v1=$WORK/debs/v1 v2=$WORK/debs/v2 s=/usr/share/di-alpha

	mkdir -p "$v1" "$v2"
	# Files kept, changed, dropped, added, renamed; groups of hard links
	# that gain, lose and swap names; set-id files; conffiles; odd names;
	# a file that becomes a symlink and the other way round.
	mkdeb "$v1" di-alpha 1 $s/keep=same $s/changed=one $s/dropped=one \
		$s/old-name=renamed $s/moved='taken over later' \
		$s/hl1=linked hl:$s/hl2=$s/hl1 $s/hl4=alone \
		/usr/bin/di-suid=suid mode:/usr/bin/di-suid=4755 \
		/usr/bin/di-sgid=sgid mode:/usr/bin/di-sgid=2755 \
		conf:/etc/di-alpha.conf=one conf:/etc/di-dropped.conf=one \
		"$s/with blanks=one" "$s/back\\x2dslash \\=one" \
		"$s/dropped  \\ too=one" $s/$'raw\377byte'=one \
		$s/to-link=file ln:$s/to-file=keep dir:$s/empty &&
	mkdeb "$v2" di-alpha 2 $s/keep=same $s/changed=two $s/added=two \
		$s/new-name=renamed \
		$s/hl1=linked hl:$s/hl3=$s/hl1 hl:$s/hl4=$s/hl1 \
		/usr/bin/di-sgid=sgid2 mode:/usr/bin/di-sgid=2755 \
		/usr/bin/di-suid2=suid mode:/usr/bin/di-suid2=6755 \
		conf:/etc/di-alpha.conf=two conf:/etc/di-added.conf=two \
		"$s/with blanks=two" "$s/back\\x2dslash \\=two" \
		$s/$'raw\377byte'=two ln:$s/to-link=keep $s/to-file=file &&
	# Scripts that change their own files; a path taken over.
	mkdeb "$v1" di-beta 1 /usr/bin/di-beta=one \
		postinst='chmod 750 /usr/bin/di-beta' &&
	mkdeb "$v2" di-beta 2 /usr/bin/di-beta=two $s/moved='taken over' \
		"replaces=di-alpha (<< 2)" "breaks=di-alpha (<< 2)" \
		postinst='chmod 750 /usr/bin/di-beta
		chgrp mail /usr/bin/di-beta' &&
	# Out of the aliased folder: another name, the same place.
	mkdeb "$v1" di-gamma 1:1 /lib/di-gamma/data=one /bin/di-gamma=one &&
	mkdeb "$v2" di-gamma 1:2 /usr/lib/di-gamma/data=two \
		/usr/bin/di-gamma=two &&
	# Many files, no md5sums.
	mkdeb "$v1" di-delta 1 many:/usr/share/di-delta=300 md5sums=no &&
	mkdeb "$v2" di-delta 2 many:/usr/share/di-delta=200 md5sums=no
}

# shellcheck disable=SC2317  # called by way of step
apt_get()
{
	in_root apt-get -y --no-install-recommends "$@"
}

# The whole story; `step NAME COMMAND...` is what differs between the two.
story()
{
	# shellcheck disable=SC2086  # lists of words
	step "install" apt_get install $INSTALL
	# shellcheck disable=SC2086
	step "reinstall" apt_get install --reinstall $REINSTALL
	step "local packages" apt_get install /root/debs/v1/di-alpha_1.deb \
		/root/debs/v1/di-beta_1.deb /root/debs/v1/di-gamma_1.deb \
		/root/debs/v1/di-delta_1.deb
	step "upgrade" apt_get install /root/debs/v2/di-alpha_2.deb \
		/root/debs/v2/di-beta_2.deb /root/debs/v2/di-gamma_2.deb \
		/root/debs/v2/di-delta_2.deb
	step "downgrade by dpkg" in_root dpkg -i \
		/root/debs/v1/di-gamma_1.deb /root/debs/v1/di-delta_1.deb
	step "upgrade by dpkg -iR" in_root dpkg -iR /root/debs/v2
	step "a missing archive" in_root dpkg -i /root/debs/none.deb
	# shellcheck disable=SC2086
	step "remove" apt_get remove $REMOVE
	# Its prerm refuses where root has no password.
	step "a remove that fails" apt_get remove sudo
	# shellcheck disable=SC2086
	step "purge" apt_get purge $PURGE
	# shellcheck disable=SC2086
	step "purge what is left of removed ones" apt_get purge $RESIDUE
	step "remove by dpkg" in_root dpkg -r di-alpha di-gamma
	step "purge by dpkg" in_root dpkg -P di-alpha di-beta di-delta
	step "autoremove" apt_get autoremove
	step "configure -a" in_root dpkg --configure -a
	step "dpkg --verify" in_root dpkg --verify
	step "dpkg --audit" in_root dpkg --audit
}

# Every package's version and state.
states()
{
	# shellcheck disable=SC2016  # dpkg-query's variables
	in_root dpkg-query -W \
		-f '${Package} ${Architecture} ${Version} ${Status}\n' |
		grep -v '^dpkg-immutable ' | sort
}

# Type, mode, owner, name and link target of everything that isn't ours, the
# kernel's or a log.
tree()
{
	(
		cd "$ROOT" || exit
		find . -xdev \( -path ./proc -o -path ./dev -o -path ./run \
			-o -path ./root/debs -o -path ./var/cache \
			-o -path ./var/log -o -path ./tmp \
			-o -path ./var/lib/dpkg-immutable \) -prune -o \
			-printf '%y %m %U:%G %p -> %l\n' |
			grep -avE '/(dpkg[a-z-]*)\.distrib( |$)|dpkg-immutable'
	) | LC_ALL=C sort
}

# Names without versions' epochs and architectures, for the story's sake.
copy_debs()
{
	local v file name

	for v in v1 v2; do
		mkdir -p "$ROOT/root/debs/$v"
		for file in "$WORK/debs/$v"/*.deb; do
			name=${file##*/}
			name=${name%%_*}_${v#v}.deb
			cp "$file" "$ROOT/root/debs/$v/$name" || return
		done
	done
}

##### The twin ##############################################################

twin_step()
{
	local name=$1 rc=0

	shift
	"$@" >"$TWIN/$name.out" 2>&1 </dev/null || rc=$?
	echo "$rc" >"$TWIN/$name.rc"
	states >"$TWIN/$name.states"
}

# Runs the story without us, once for this image and this story.
twin()
{
	local base key ROOT=$WORK/twin final

	# shellcheck disable=SC2153  # the case's
	base=$(bed_base "$SUITE") || die "no image of $SUITE"
	key=$(cat "$DI_TESTS/system/slice.sh" "$DI_TESTS/system/mkdeb" |
		md5sum | cut -c1-8)
	final=${base%.ext4}-$key.twin
	TWIN=$final
	[ ! -d "$final" ] || return 0
	TWIN=$WORK/twin.new
	mkdir -p "$TWIN"
	bed_open "$SUITE" "$ROOT" || die "no bed for the twin"
	copy_debs
	step() { twin_step "$@"; }
	story
	tree >"$TWIN/tree"
	bed_close "$ROOT"
	rm -rf "${base%.ext4}"-*.twin
	# Another case of this suite may have been as quick: then its twin.
	cp -a "$TWIN" "$final.$$"
	mv -T "$final.$$" "$final" 2>/dev/null || rm -rf "$final.$$"
}

##### Protected #############################################################

same_step()
{
	local name=$1 rc=0 want

	shift
	want=$(cat "$TWIN/$name.rc")
	expect_rc "$want" "$name: exit status $want, as without us" "$@" \
		</dev/null
	cp "$OUT" "$WORK/$name.out"
	states >"$WORK/states"
	if cmp -s "$WORK/states" "$TWIN/$name.states"; then
		ok "$name: every package's state as without us"
	else
		diff "$TWIN/$name.states" "$WORK/states" >"$OUT"
		not_ok "$name: every package's state as without us" "$OUT"
	fi
	bed_clean "$name"
}

# Our package brings folders that are not called after us.
same_tree()
{
	local but='^$'

	[ -z "${DI_PACKAGED:-}" ] || but='^d'
	tree | grep -v "$but" >"$WORK/tree"
	if grep -v "$but" "$TWIN/tree" | diff - "$WORK/tree" >"$OUT"; then
		ok "the tree is as without us"
	else
		not_ok "the tree is as without us" "$OUT"
	fi
}

bed_probe >/dev/null || skip_all "$(bed_probe)"
make_debs || die "local packages can't be built"
twin
is "$(cat "$TWIN/install.rc")$(cat "$TWIN/upgrade.rc")" 00 \
	"the twin, without us, installs and upgrades"
is "$(cat "$TWIN/purge.rc")$(cat "$TWIN/purge by dpkg.rc")" 00 \
	"the twin, without us, purges"
bed_start "$SUITE"
bed_install_programs
bed_clean "adopted"
copy_debs
step() { same_step "$@"; }
story
same_tree
done_testing
