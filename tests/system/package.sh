# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# Words for cases about our own Debian package; source it after lib.sh and
# debs.sh. It comes to the bed as it comes to people: by apt, from a
# repository, in /srv/repo of the bed.
#
# Set from outside:
#	DI_DEB		the package to test; else it is built from this tree,
#			by debian/rules around the programs in DI_BUILD

PKG=dpkg-immutable
ENGINE=/usr/sbin/dpkg-immutable
STATE=/var/lib/dpkg-immutable
SHIMS="/usr/bin/dpkg /usr/bin/dpkg-divert /usr/bin/dpkg-statoverride
	/usr/sbin/dpkg-reconfigure"
# shellcheck disable=SC2034  # the cases'
# The long cases have theirs.
[ -n "${APT[*]:-}" ] ||
	APT=(apt-get -y --allow-downgrades --no-install-recommends)

##### The package ###########################################################

# What it is made of, so that it is made anew when any of it changes.
package_key()
{
	(
		cd "$DI_TOP" || exit
		find debian data man completions examples COPYING NEWS README \
			-type f -print0 2>/dev/null | LC_ALL=C sort -z |
			xargs -0 sha256sum
		cd "$1" && find . -type f -print0 | LC_ALL=C sort -z |
			xargs -0 sha256sum
	) | sha256sum | cut -c1-16
}

# package_source INSTALLED SOURCE: the tree, built already: a Makefile in it
# hands out what `make install` has put into INSTALLED.
package_source()
{
	(
		cd "$DI_TOP" || exit
		find . -xdev -path ./.git -prune -o -path ./_build -prune -o \
			-path ./_deb -prune -o -type f -print0 |
			tar --null -T - -cf -
	) | tar -C "$2" -xf - || return
	printf '%s\n' 'all check test clean distclean:' 'install:' \
		"	mkdir -p \$(DESTDIR)" "	cp -a $1/. \$(DESTDIR)/" \
		>"$2/Makefile"
	# debhelper's own word for "all of build is done".
	echo $PKG >"$2/debian/debhelper-build-stamp"
}

# package_make INSTALLED FILE: in the folder $top.
package_make()
{
	local source=$top/source

	mkdir "$source" && package_source "$1" "$source" || return
	(
		cd "$source" &&
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$top" \
			LC_ALL=C.UTF-8 \
			DEB_BUILD_OPTIONS='nocheck noautodbgsym' \
			DPKG_DEB_COMPRESSOR_TYPE=gzip \
			DPKG_DEB_COMPRESSOR_LEVEL=1 \
			debian/rules binary
	) || return
	set -- "$1" "$2" "$top"/dpkg-immutable_*.deb
	[ -f "$3" ] && cp "$3" "$2.tmp" && mv "$2.tmp" "$2"
}

# Sets DEB: our package, of the programs that are tested.
package_build()
{
	local top=$WORK/package cache=$DI_BUILD/package-cache key lock

	if [ -n "${DI_DEB:-}" ]; then
		DEB=$(realpath -e "$DI_DEB") || die "no $DI_DEB"
		return
	fi
	command -v dh >/dev/null || skip_all "debhelper is not installed"
	mkdir -p "$top/installed" "$cache" || die "no room for the package"
	if ! exec {lock}>"$cache/lock" || ! flock "$lock"; then
		die "no lock in $cache"
	fi
	make -s -C "$DI_BUILD" install DESTDIR="$top/installed" \
		>"$OUT" 2>&1 || die "make install: $(tail -n 5 "$OUT")"
	key=$(package_key "$top/installed")
	DEB=$cache/$key.deb
	if [ ! -f "$DEB" ]; then
		rm -f "$cache"/*.deb
		package_make "$top/installed" "$DEB" >"$OUT" 2>&1 {lock}>&- ||
			die "debian/rules binary: $(tail -n 20 "$OUT")"
	fi
	exec {lock}>&-
	rm -rf "$top"
}

# package_version VERSION: that version of our package in the repository, and
# its programs are other ones.
package_version()
{
	local tree=$WORK/version f

	rm -rf "$tree"
	dpkg-deb -R "$DEB" "$tree" >"$OUT" 2>&1 || die "cannot unpack $DEB"
	sed -i "s/^Version: .*/Version: $1/" "$tree/DEBIAN/control"
	for f in usr/sbin/dpkg-immutable usr/libexec/dpkg-immutable/shim; do
		printf 'version %s' "$1" >>"$tree/$f"
	done
	mkdeb_md5sums "$tree"
	dpkg-deb --root-owner-group -Znone --build "$tree" \
		"$ROOT/srv/repo/$PKG-$1.deb" >"$OUT" 2>&1 ||
		die "cannot pack $1"
	rm -rf "$tree"
}

# repack PACKAGE TAG FILE: FILE.deb of the bed becomes the bed's own package
# with +TAG behind its version and one more file.
repack()
{
	local tree=$WORK/repack

	rm -rf "$tree"
	mkdir -p "$tree/DEBIAN" "$ROOT/debs"
	python3 - "$ROOT" "$tree" "$1" "$2" <<-'END' || return
	import glob, os, shutil, sys
	root, tree, name, tag = sys.argv[1:]
	info = root + '/var/lib/dpkg/info/' + name
	if not os.path.exists(info + '.list'):
	    info = glob.glob(info + ':*.list')[0][:-5]
	for path in open(info + '.list').read().split('\n'):
	    source, target = root + path, tree + path
	    if path in ('', '/.'):
	        continue
	    if os.path.isfile(source + '.distrib'):
	        source += '.distrib'
	    if os.path.isdir(source):
	        os.makedirs(target, exist_ok=True)
	    elif os.path.islink(source):
	        os.symlink(os.readlink(source), target)
	    else:
	        shutil.copy2(source, target)
	        st = os.stat(source)
	        os.chown(target, st.st_uid, st.st_gid)
	        os.chmod(target, st.st_mode & 0o7777)
	for part in glob.glob(glob.escape(info) + '.*'):
	    kind = part[len(info) + 1:]
	    if kind not in ('list', 'md5sums'):
	        shutil.copy2(part, tree + '/DEBIAN/' + kind)
	note = tree + '/usr/share/doc/' + name + '/di-' + tag
	os.makedirs(os.path.dirname(note), exist_ok=True)
	with open(note, 'w') as f:
	    f.write(tag + '\n')
	status = open(root + '/var/lib/dpkg/status').read().split('\n\n')
	for stanza in status:
	    if stanza.startswith('Package: ' + name + '\n'):
	        keep, skip = [], False
	        for line in stanza.split('\n'):
	            if line[:1] != ' ':
	                skip = line.startswith(('Status:', 'Conffiles:'))
	            if line.startswith('Version:'):
	                line += '+' + tag
	            if not skip:
	                keep.append(line)
	        open(tree + '/DEBIAN/control', 'w').write(
	            '\n'.join(keep) + '\n')
	END
	mkdeb_md5sums "$tree"
	command dpkg-deb -Znone --build "$tree" "$ROOT$3.deb" >"$OUT" 2>&1
}

# package_install: by dpkg, adopted and recorded, as bed_install_programs does.
package_install()
{
	package_build
	package_fetch e2fsprogs
	preseed true
	[ "$(state e2fsprogs)" = installed ] ||
		expect_rc 0 "what the package needs is installed" \
			in_root apt-get -y --no-install-recommends \
			install e2fsprogs
	mkdir -p "$ROOT/dev/di-package"
	mount --bind "${DEB%/*}" "$ROOT/dev/di-package" || die "no bind mount"
	expect_rc 0 "the package is installed" \
		in_root dpkg -i "/dev/di-package/${DEB##*/}"
	umount "$ROOT/dev/di-package"
	expect_rc 0 "the root is recorded" in_root $ENGINE --protect -a
}

##### The repository ########################################################

# package_fetch NAME: its archive, by network, where the bed has neither it nor
# that.
package_fetch()
{
	case $(state "$1") in
	installed) return ;;
	esac
	set -- "$1" "$ROOT/var/cache/apt/archives/$1"_*.deb
	[ ! -f "$2" ] || return 0
	bed_proxy
	# shellcheck disable=SC2015  # either will do
	cp -L /etc/resolv.conf "$ROOT/etc/resolv.conf" &&
	in_root env ${http_proxy:+http_proxy="$http_proxy"} sh -c \
		'apt-get update && apt-get -d -y --no-install-recommends \
			install "$1"' sh "$1" >"$OUT" 2>&1 ||
		skip_all "no $1 in the bed, and no network"
	: >"$ROOT/etc/resolv.conf"
}

# Our package needs e2fsprogs, which is to be there before; the bed's own
# archives of that and of the named packages go along.
package_repo()
{
	local p f

	package_fetch e2fsprogs
	set -- e2fsprogs logsave libss2 libext2fs2t64 libcom-err2 "$@"
	mkdir -p "$ROOT/srv/repo" "$ROOT/debs"
	for p; do
		for f in "$ROOT/var/cache/apt/archives/${p}"_*.deb; do
			[ ! -f "$f" ] || ln -f "$f" "$ROOT/srv/repo/"
		done
	done
	rm -rf "$ROOT/etc/apt/sources.list" "$ROOT"/etc/apt/sources.list.d/* \
		"$ROOT"/var/lib/apt/lists/*
	printf 'deb [trusted=yes] file:/srv/repo ./\n' \
		>"$ROOT/etc/apt/sources.list.d/di.list"
	[ "$(state e2fsprogs)" != installed ] || return 0
	package_index
	in_root "${APT[@]}" install e2fsprogs >"$OUT" 2>&1 ||
		die "e2fsprogs can't be installed: $(cat "$OUT")"
}

# Shows apt what is in the folder now; nothing for it has to be in the bed.
package_index()
{
	local repo=$ROOT/srv/repo f

	for f in "$repo"/*.deb; do
		dpkg-deb -f "$f" || die "no package: $f"
		printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' \
			"${f##*/}" "$(stat -c %s "$f")" \
			"$(sha256sum <"$f" | cut -d' ' -f1)"
	done >"$repo/Packages"
	printf '%s\n' 'Origin: DI' 'Suite: di' "Date: $(date -uR)" 'SHA256:' \
		" $(sha256sum <"$repo/Packages" | cut -d' ' -f1) $(stat \
		-c %s "$repo/Packages") Packages" >"$repo/Release"
	in_root apt-get update >"$OUT" 2>&1 ||
		die "no repository: $(cat "$OUT")"
}

# preseed true|false
preseed()
{
	printf '%s %s/adopt boolean %s\n' $PKG $PKG "$1" |
		in_root debconf-set-selections
}

version()
{
	# shellcheck disable=SC2016  # dpkg-query's variable
	in_root dpkg-query -W -f '${Version}' "$1" 2>/dev/null
}

##### What a bed is like ####################################################

# Every path of the bed's own file system: flags, type, mode, owner, and what
# a file holds or a link says, in that order; names last. `flags`: only of
# what carries one.
listing()
{
	python3 - "$ROOT" "${1:-all}" <<'END'
import array, fcntl, hashlib, os, stat, sys
top, marked = os.fsencode(sys.argv[1]), sys.argv[2] == 'flags'
dev = os.lstat(top).st_dev


def flags(fd):
    word = array.array('i', [0, 0])
    fcntl.ioctl(fd, 0x80086601, word, True)
    return ('i' if word[0] & 0x10 else '') + ('a' if word[0] & 0x20 else '')


def line(path):
    st = os.lstat(path)
    if st.st_dev != dev:
        return False
    mark, size, text = '-', '-', '-'
    if stat.S_ISLNK(st.st_mode):
        text = os.fsdecode(os.readlink(path))
    elif stat.S_ISREG(st.st_mode) or stat.S_ISDIR(st.st_mode):
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        mark = flags(fd) or '-'
        if stat.S_ISREG(st.st_mode) and not marked:
            digest, size = hashlib.sha256(), st.st_size
            while data := os.read(fd, 1 << 20):
                digest.update(data)
            text = digest.hexdigest()
        os.close(fd)
    if marked and mark == '-':
        return True
    print(mark, '%o' % st.st_mode, '%d:%d' % (st.st_uid, st.st_gid), size,
          text, os.fsencode(path)[len(top):].decode('utf-8',
                                                    'backslashreplace'))
    return True


for folder, folders, files in os.walk(top):
    for name in files:
        line(os.path.join(folder, name))
    for name in folders[:]:
        path = os.path.join(folder, name)
        if not line(path) or os.path.islink(path):
            folders.remove(name)
END
}

# Nothing in the bed carries a flag.
no_flags()
{
	listing flags >"$WORK/flagged" || die "cannot read flags"
	if [ -s "$WORK/flagged" ]; then
		not_ok "$1: no flag is left" "$WORK/flagged"
	else
		ok "$1: no flag is left"
	fi
}

# What dpkg, apt and debconf themselves change in every installation and
# removal of any package, and nothing else. These differ in what they hold;
# those with a ? may also come or go.
package_own_data()
{
	cat <<-'END'
	/var/lib/dpkg/status
	/var/lib/dpkg/status-old
	/var/lib/dpkg/diversions-old ?
	/var/lib/dpkg/triggers/File
	/var/lib/dpkg/triggers/Unincorp
	/var/log/dpkg.log
	/var/log/apt/eipp.log.xz ?
	/var/log/apt/history.log ?
	/var/log/apt/term.log ?
	/var/cache/apt/pkgcache.bin ?
	/var/cache/apt/srcpkgcache.bin ?
	/var/cache/debconf/config.dat
	/var/cache/debconf/config.dat-old ?
	/var/cache/debconf/templates.dat
	/var/cache/debconf/templates.dat-old ?
	/var/lib/apt/extended_states ?
	END
}

# same_listing BEFORE AFTER: prints what differs beside that.
same_listing()
{
	python3 - "$1" "$2" 3< <(package_own_data) <<'END'
import os, sys
may = {w[0]: len(w) > 1 for w in
       (s.split() for s in os.fdopen(3)) if w}


def read(name):
    return {w[5]: w for w in (s.rstrip('\n').split(' ', 5)
                              for s in open(name))}


was, now, bad = read(sys.argv[1]), read(sys.argv[2]), 0
for path in sorted(was.keys() | now.keys()):
    a, b = was.get(path), now.get(path)
    if a == b or may.get(path):
        continue
    # The same mode and owner, whatever is in it.
    if a and b and path in may and a[:3] == b[:3]:
        continue
    print('was', *(a or ['absent ' + path]))
    print('now', *(b or ['absent ' + path]))
    bad = 1
sys.exit(bad)
END
}

# Says of a file whether it is a shim.
is_shim()
{
	grep -qaF dpkg-immutable-shim-marker "$1"
}

# The names and numbers of our diversions.
our_diversions()
{
	in_root dpkg-divert --list | grep -F dpkg-immutable
}

silent()
{
	expect_rc 0 "$1: dpkg --audit" in_root dpkg --audit
	is "$(cat "$OUT")" "" "$1: dpkg --audit is silent"
	is "$(cat "$ROOT/dev/di-watch.bad" 2>/dev/null)" "" \
		"$1: dpkg worked at every moment"
	: >"$ROOT/dev/di-watch.bad"
}

# in_place WHEN: shims and diversions.
in_place()
{
	local f bad=

	for f in $SHIMS; do
		cmp -s "$ROOT$f" "$ROOT/usr/libexec/dpkg-immutable/shim" ||
			bad="$bad $f"
		[ "$(in_root dpkg-divert --truename "$f")" = "$f.distrib" ] ||
			bad="$bad $f(diversion)"
		! is_shim "$ROOT$f.distrib" || bad="$bad $f.distrib(ours)"
	done
	is "$bad" "" "$1: shims, diversions and real programs stand"
}

# protected WHEN [VERSION]: as an adopted root with our package must be.
protected()
{
	[ -z "${2:-}" ] || packaged "$1" "$2"
	in_place "$1"
	if [ -e "$ROOT$STATE/adopted" ]; then
		ok "$1: the root is adopted"
	else
		# What apt or dpkg said of it last.
		not_ok "$1: the root is adopted" "$WORK/apt.out"
	fi
	# shellcheck disable=SC2034  # lib.sh's
	BED_ORACLE=(--self)
	bed_clean "$1"
	silent "$1"
}

packaged()
{
	is "$(state $PKG) $(version $PKG)" "installed $2" "$1: $2 is installed"
}

# unprotected WHEN: our package is there, the root not adopted.
unprotected()
{
	in_place "$1"
	ok_if "$1: the root is not adopted" test ! -e "$ROOT$STATE/adopted"
	no_flags "$1"
	silent "$1"
}

# gone WHEN: nothing of ours stands in anybody's way.
gone()
{
	local f bad=

	for f in $SHIMS; do
		[ -f "$ROOT$f" ] && ! is_shim "$ROOT$f" || bad="$bad $f"
		[ ! -e "$ROOT$f.distrib" ] || bad="$bad $f.distrib"
		[ "$(in_root dpkg-divert --truename "$f")" = "$f" ] ||
			bad="$bad $f(diversion)"
	done
	is "$bad" "" "$1: the real programs are back"
	is "$(our_diversions)" "" "$1: no diversion of ours"
	absent "$1: our programs are gone" $ENGINE $ENGINE-divert \
		/usr/libexec/dpkg-immutable
	no_flags "$1"
	silent "$1"
}

# Everything of ours that a purge leaves, by name and in debconf's store.
traces()
{
	find "$ROOT" -xdev \( -path "$ROOT/srv" -o -path "$ROOT/debs" \) \
		-prune -o -name '*dpkg-immutable*' -print
	grep -l dpkg-immutable "$ROOT"/var/cache/debconf/*.dat \
		"$ROOT/var/lib/dpkg/diversions" "$ROOT"/var/lib/dpkg/triggers/*
}

purged()
{
	gone "$1"
	is "$(state $PKG)" not-installed "$1: dpkg does not know it"
	is "$(traces)" "" "$1: no trace of it"
}

##### A loop beside #########################################################

# dpkg is called all the while; silent() looks whether it always worked.
watch_start()
{
	rm -f "$ROOT/dev/di-watch".*
	# shellcheck disable=SC2016  # the inner shell's
	in_root nice -n 10 sh -c 'n=0
		while [ ! -e /dev/di-watch.stop ]; do
			n=$((n + 1))
			dpkg --version >/dev/null 2>>/dev/di-watch.err ||
				echo "call $n: $?" >>/dev/di-watch.bad
		done
		echo $n >/dev/di-watch.count' &
	WATCH=$!
}

watch_stop()
{
	: >"$ROOT/dev/di-watch.stop"
	wait "$WATCH"
	note "dpkg was called $(cat "$ROOT/dev/di-watch.count") times meanwhile"
	ok_if "dpkg was called often meanwhile" \
		[ "$(cat "$ROOT/dev/di-watch.count")" -gt 200 ]
	is "$(cat "$ROOT/dev/di-watch.bad" 2>/dev/null)" "" \
		"and it worked every time"
}
