# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# fish completion for dpkg-immutable(8) and dpkg-immutable-divert(8). One
# function prints all that fits, with "WORD<tab>DESCRIPTION"; fish then picks.
# Functions with -S see the variables of those that called them.

# Names and descriptions of options; "=" at the end: takes a value.
function __dpkg_immutable_option
	switch $argv[1]
		case -a --all
			printf '%s\tall installed packages\n' $argv[1]
		case --accept
			echo --accept\ttake the present state of the files over
		case --quick
			echo --quick\tread no content, or only where times differ
		case --no-act
			echo --no-act\tonly tell what would be done
		case --forget
			echo --forget\tremove records and history too
		case --check
			echo --check\tprove that no entry was changed or taken away
		case --apply
			echo --apply\twrite what is printed without it
		case --root
			echo --root=\tthe system below a folder
		case --admindir
			echo --admindir=\tdpkg\'s database
		case --config
			echo --config=\tread this configuration file and no other
		case --conffiles
			echo --conffiles\ttell of conffiles that are not the package\'s
		case --digests
			echo --digests=\twhich of the recorded digests
		case --since
			echo --since=\tonly packages that a run since then changed
		case --slice
			echo --slice=\tonly the Nth of M parts of all bytes
		case --polite
			echo --polite\tread slowly, leave the page cache as it was
		case --metrics
			echo --metrics=\twrite the outcome for Prometheus
		case --trust
			echo --trust=\tthe history must be signed with this key
		case --format
			echo --format=\tform of the output
		case --jobs
			echo --jobs=\tthreads
		case --quiet
			echo --quiet\tno summary, no warnings
		case --verbose
			echo --verbose\ttell more: folders, what was read
		case --no-progress
			echo --no-progress\tno line on the terminal while work goes on
		case --color
			echo --color=\tstates and findings in colour
	end
end

# The options for an action; without one, all.
function __dpkg_immutable_options
	set -l own
	set -l tells --format --color --jobs
	set -l config --config
	switch "$argv[1]"
		case verify
			set own --quick --conffiles --digests --since --slice \
				--polite --metrics --trust
		case protect
			set own -a --all --accept --quick --no-act
		case unprotect
			set own -a --all --no-act
		case adopt
			set own --accept --quick --no-act
		case release
			set own --forget --no-act
		case open
			set tells --jobs
		case plan
			set tells --format --color
		case export
			set tells
		case history
			set own --check
			set tells --format --color
			set config
		case posture
			set tells --format --color
		case setup-readonly
			set own --apply
			set tells
		case help version
			return
		case ''
			set own -a --all --accept --quick --no-act --forget \
				--check --apply --conffiles --digests --since \
				--slice --polite --metrics --trust
	end
	for o in $own $tells $config --root --admindir --quiet --verbose \
			--no-progress
		__dpkg_immutable_option $o
	end
end

function __dpkg_immutable_actions
	printf '%s\tcheck flags and content of files\n' -V --verify
	echo --protect\tset flags, record the files
	echo --unprotect\tlift flags until --protect
	echo --adopt\tbegin: protect everything that is installed
	echo --release\tend: lift every flag that we set
	echo --open\trun a command with files of packages open
	echo --plan\twhat dpkg would open and close
	echo --list\ta line a file: its state and why
	echo --coverage\tfiles by state and file system
	echo --explain\twhose a file is, its state, and why
	echo --recover\tclose what an interrupted run left open
	echo --export=\tthe records in forms that other tools read
	echo --history\tthe log of all runs, newest last
	echo --posture\tcheck the machine around us
	echo --setup-readonly=\ta read-only /usr or root
	echo --help\ttell the usage
	echo --version\ttell the version
end

function __dpkg_immutable_dpkg_actions
	printf '%s\tinstall archives, protected\n' -i --install
	printf '%s\tremove packages, protected\n' -r --remove
	printf '%s\tpurge packages, protected\n' -P --purge
	echo --unpack\tunpack archives, protected
	echo --configure\tconfigure packages, protected
	echo --triggers-only\tprocess triggers, protected
end

function __dpkg_immutable_dpkg_options
	set -l forces all overwrite configure-any script-chrootless \
		overwrite-dir security-mac downgrade hold not-root bad-path \
		bad-verify bad-version statoverride-add statoverride-remove \
		overwrite-diverted unsafe-io confnew confold confdef confmiss \
		confask architecture breaks conflicts depends depends-version \
		remove-reinstreq remove-protected remove-essential
	printf '%s\n' --pending --recursive --no-act --dry-run --simulate \
		--triggers --no-triggers --auto-deconfigure --selected-only \
		--no-also-select --skip-same-version --no-pager --no-debsig \
		--robot --root= --instdir= --admindir= --status-fd= \
		--abort-after= --debug= --ignore-depends= --verify-format= \
		--pre-invoke= --post-invoke= --path-exclude= --path-include= \
		--status-logger= --log= \
		{--force-,--refuse-,--no-force-}$forces
end

# packages STATES: from the database that the line names.
function __dpkg_immutable_packages -S
	set -l states $argv[1]
	set -l at
	set -l name '${Package}'
	if test -n "$admindir"
		set at --admindir=$admindir
	else if test -n "$root"
		set at --admindir=(string trim -r -c / -- $root)/var/lib/dpkg
	end
	if string match -q -- '*:*' $cur
		set name '${Package}:${Architecture}'
	end
	command dpkg-query $at -W -f '${db:Status-Status} '$name'\n' 2>/dev/null |
		string replace -rf -- '^(?:'$states') (.*)$' '$1\tpackage'
end

function __dpkg_immutable_installed -S
	__dpkg_immutable_packages 'installed|unpacked|half-.*|triggers-.*'
end

# Files of the system below --root, whose names have no root.
function __dpkg_immutable_paths -S
	if test -n "$root"
		set -l base (string trim -r -c / -- $root)
		__fish_complete_path $base$cur |
			string replace -- $base ''
	else
		__fish_complete_path $cur
	end
end

# The values of option $argv[1]; false where it takes none.
function __dpkg_immutable_values -S
	switch $argv[1]
		case --root --admindir --instdir
			__fish_complete_directories "$value" ''
		case --config --metrics --trust --log
			__fish_complete_path "$value"
		case --format
			printf '%s\n' text json
			if test "$action" = verify -o -z "$action"
				echo rpm
			end
		case --export
			printf '%s\n' mtree sha256sum json
		case --setup-readonly
			printf '%s\n' usr root
		case --digests
			printf '%s\n' one all
		case --color
			printf '%s\n' auto always never
		case --since
			set -l now (command date +%s)
			for day in 0 1 7 30
				command date -u -d @(math $now - $day x 86400) +%F
			end
		case --jobs --slice --status-fd --abort-after --debug \
				--ignore-depends --verify-format --pre-invoke \
				--post-invoke --path-exclude --path-include \
				--status-logger
			return 0
		case '*'
			return 1
	end
	return 0
end

function __dpkg_immutable_operands -S
	switch "$action"
		case verify list
			if string match -q -- '/*' $cur
				__dpkg_immutable_paths
			else
				__dpkg_immutable_installed
			end
		case explain
			__dpkg_immutable_paths
		case protect unprotect open export
			__dpkg_immutable_installed
		case install unpack
			__fish_complete_path $cur |
				string match -r '^[^\t]*(?:/|\.[du]?deb)(?:\t.*)?$'
		case configure
			__dpkg_immutable_packages \
				'unpacked|half-configured|triggers-.*'
		case triggers-only
			__dpkg_immutable_packages 'triggers-.*'
		case remove
			__dpkg_immutable_installed
		case purge
			__dpkg_immutable_packages \
				'installed|unpacked|half-.*|triggers-.*|config-files'
	end
end

# All that fits behind the words given, the command itself left out; the
# word at the cursor is $cur of the caller.
function __dpkg_immutable_after -S
	set -l mode $argv[1]
	set -l words $argv[2..]
	set -l ours verify protect unprotect adopt release open plan list \
		coverage explain recover export history posture \
		setup-readonly help version
	set -l dpkgs install unpack configure triggers-only remove purge
	set -l takes --root --admindir --config --digests --since --slice \
		--metrics --trust --format --jobs --color --export \
		--setup-readonly --instdir --log --status-fd --abort-after --debug --ignore-depends \
		--verify-format --pre-invoke --post-invoke --path-exclude \
		--path-include --status-logger
	set -l action
	set -l root
	set -l admindir
	set -l wants		# the option whose value comes next
	set -l ended		# no options any more
	set -l n 0
	for w in $words
		set n (math $n + 1)
		if test -n "$wants"
			test $wants != --root; or set root $w
			test $wants != --admindir; or set admindir $w
			set wants
			continue
		end
		set -l name (string replace -r '^--([^=]*).*' '$1' -- $w)
		switch $w
			case --
				if test "$action" = open
					set -l rest (string escape -- $words[(math $n + 1)..] )
					complete -C "$rest $cur"
					return
				else if test "$action" = plan
					__dpkg_immutable_after dpkg $words[(math $n + 1)..]
					return
				end
				set ended 1
				break
			case '--*'
			case -V
				set name verify
			case '-*i*'
				set name install
			case '-*r*'
				set name remove
			case '-*P*'
				set name purge
			case '-?*'
				continue
			case '*'
				if test $mode = dpkg
					set ended 1
					break
				end
				continue
		end
		if test -z "$action"
			if contains -- $name $dpkgs
				set action $name
				set mode dpkg
			else if test $mode = ours; and contains -- $name $ours
				set action $name
			end
		end
		if string match -q -- '--root=*' $w
			set root (string replace -- --root= '' $w)
		else if string match -q -- '--admindir=*' $w
			set admindir (string replace -- --admindir= '' $w)
		else if contains -- $w $takes
			set wants $w
		end
	end

	set -l option (string match -r -- '^--[^=]*(?==)' $cur)
	set -l value $cur
	if test -n "$wants"
		__dpkg_immutable_values $wants
	else if test -z "$ended" -a -n "$option"
		set value (string replace -- $option= '' $cur)
		__dpkg_immutable_values $option |
			string replace -r '^' -- $option=
	else if test -z "$ended" -a -z "$action" -a $mode = ours
		__dpkg_immutable_actions
		__dpkg_immutable_dpkg_actions
		if string match -q -- '-*' $cur
			__dpkg_immutable_fresh (__dpkg_immutable_options '')
		end
		if string match -qr -- '^--(force|refuse|no-force)' $cur
			__dpkg_immutable_dpkg_options
		end
	else if test -z "$ended" -a $mode = ours; and string match -q -- '-*' $cur
		__dpkg_immutable_fresh (__dpkg_immutable_options $action)
	else if test -z "$ended" -a -z "$action"
		__dpkg_immutable_dpkg_actions
		__dpkg_immutable_dpkg_options
	else if test -z "$ended" -a $mode = dpkg; and string match -q -- '-*' $cur
		__dpkg_immutable_dpkg_options
	else
		__dpkg_immutable_operands
	end
end

# Options that the line has already are not offered again.
function __dpkg_immutable_fresh -S
	for line in $argv
		set -l o (string replace -r '=?\t.*' '' -- $line)
		contains -- $o (string replace -r '=.*' '' -- $words)
		or echo $line
	end
end

function __dpkg_immutable_complete
	set -l words (commandline -opc)
	set -l cur (commandline -ct | string unescape)
	test -n "$cur"; or set cur (commandline -ct)
	__dpkg_immutable_after ours $words[2..]
end

function __dpkg_immutable_divert_needs
	not string match -qr -- '^(add|remove|--help|--version)$' (commandline -opc)
end

complete -c dpkg-immutable -e
complete -c dpkg-immutable -f -a '(__dpkg_immutable_complete)'

complete -c dpkg-immutable-divert -e
complete -c dpkg-immutable-divert -f
complete -c dpkg-immutable-divert -n __dpkg_immutable_divert_needs -a add \
	-d 'put the shims in front of dpkg'
complete -c dpkg-immutable-divert -n __dpkg_immutable_divert_needs -a remove \
	-d 'put the real programs back'
complete -c dpkg-immutable-divert -l root -x \
	-a '(__fish_complete_directories)' -d 'the system below a folder'
complete -c dpkg-immutable-divert -n __dpkg_immutable_divert_needs -l help \
	-d 'tell the usage'
complete -c dpkg-immutable-divert -n __dpkg_immutable_divert_needs -l version \
	-d 'tell the version'
