# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# bash completion for dpkg-immutable(8) and dpkg-immutable-divert(8). Needs
# nothing but bash; what follows "--open PKG --" is completed by the functions
# of the package bash-completion where they are loaded.
#
# Candidates are compared in loops, never given to `compgen -W`: that would
# expand them. Names of files are left to readline, which quotes them.

# Sets fits of the caller: the options for an action; without one, all.
_dpkg_immutable_fitting()
{
	local own=() tells=(--format= --color= --jobs=) config=(--config=)

	fits=()
	case $1 in
	--verify)
		own=(--quick --conffiles --digests= --since= --slice=
			--polite --metrics= --trust=)
		;;
	--protect)
		own=(-a --all --accept --quick --no-act)
		;;
	--unprotect)
		own=(-a --all --no-act)
		;;
	--adopt)
		own=(--accept --quick --no-act)
		;;
	--release)
		own=(--forget --no-act)
		;;
	--open)
		tells=(--jobs=)
		;;
	--plan)
		tells=(--format= --color=)
		;;
	--export)
		tells=()
		;;
	--history)
		own=(--check) config=() tells=(--format= --color=)
		;;
	--posture)
		tells=(--format= --color=)
		;;
	--setup-readonly)
		own=(--apply) tells=()
		;;
	--help | --version)
		return
		;;
	'')
		own=(-a --all --accept --quick --no-act --forget --check
			--apply --conffiles --digests= --since= --slice=
			--polite --metrics= --trust=)
		;;
	esac
	fits=("${own[@]}" "${tells[@]}" "${config[@]}" --root= --admindir=
		--quiet --verbose --no-progress)
}

_dpkg_immutable_actions=(-V --verify --protect --unprotect --adopt --release
	--open --plan --list --coverage --explain --recover --export= --history
	--posture --setup-readonly= --help --version)
_dpkg_immutable_dpkg_actions=(-i -r -P --install --unpack --configure
	--triggers-only --remove --purge)
# One that ends in "=" takes a value, one that ends in "-" goes on.
_dpkg_immutable_dpkg_options=(--pending --recursive --no-act --dry-run
	--simulate --triggers --no-triggers --auto-deconfigure --selected-only
	--no-also-select --skip-same-version --no-pager --no-debsig --robot
	--root= --instdir= --admindir= --status-fd= --abort-after= --debug=
	--ignore-depends= --verify-format= --pre-invoke= --post-invoke=
	--path-exclude= --path-include= --status-logger= --log= --force-
	--refuse- --no-force-)
_dpkg_immutable_forces=(all overwrite configure-any script-chrootless
	overwrite-dir security-mac downgrade hold not-root bad-path bad-verify
	bad-version statoverride-add statoverride-remove overwrite-diverted
	unsafe-io confnew confold confdef confmiss confask architecture breaks
	conflicts depends depends-version remove-reinstreq remove-protected
	remove-essential)

# Sets words and cur of the caller. COMP_WORDS is cut at ":" and "=": what has
# no blank between on the line is one word again here.
_dpkg_immutable_split()
{
	local rest=${COMP_LINE:0:COMP_POINT} w

	words=()
	for w in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
		if [[ ${#words[@]} == 0 || $rest == [[:space:]]* ]]; then
			rest=${rest#"${rest%%[![:space:]]*}"}
			words+=("")
		fi
		# The word at the cursor may go on behind it.
		[[ $rest == "$w"* ]] || w=$rest
		words[-1]+=$w
		rest=${rest#"$w"}
	done
	cur=${words[-1]}
}

# Readline replaces only what stands behind the last ":" or "=".
_dpkg_immutable_cut()
{
	local c part keep=

	for c in : =; do
		[[ $COMP_WORDBREAKS == *"$c"* && $cur == *"$c"* ]] || continue
		part=${cur%"${cur##*"$c"}"}
		[[ ${#part} -le ${#keep} ]] || keep=$part
	done
	[[ -z $keep || ${#COMPREPLY[@]} == 0 ]] ||
		COMPREPLY=("${COMPREPLY[@]#"$keep"}")
}

# offer WORD...: those that begin with cur, but options only once. No blank
# behind a lone "--option=".
_dpkg_immutable_offer()
{
	local w

	for w; do
		[[ $w == "$cur"* ]] || continue
		if [[ $w == --* && $w != *- && $w != *=?* ]]; then
			case " ${words[*]:1:${#words[@]}-2} " in
			*" $w "* | *" ${w%=}"[=\ ]*)
				continue
				;;
			esac
		fi
		COMPREPLY+=("$w")
	done
	if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=-] ]]; then
		compopt -o nospace
	fi
}

# values WORD...: for the value of an option, which begins behind $before.
_dpkg_immutable_values()
{
	local w

	for w; do
		[[ $before$w != "$cur"* ]] || COMPREPLY+=("$before$w")
	done
}

# packages STATE...: of dpkg's database, in one of these states.
_dpkg_immutable_packages()
{
	local states=" $* " state name arch at=()

	if [[ -n $admindir ]]; then
		at=(--admindir="$admindir")
	elif [[ -n $root ]]; then
		at=(--admindir="${root%/}/var/lib/dpkg")
	fi
	while IFS=' ' read -r state name arch; do
		[[ $states == *" $state "* ]] || continue
		[[ $cur != *:* ]] || name=$name:$arch
		[[ $name != "$cur"* ]] || COMPREPLY+=("$name")
	done < <(dpkg-query "${at[@]}" -W -f \
		'${db:Status-Status} ${Package} ${Architecture}\n' 2>/dev/null)
}

_dpkg_immutable_installed()
{
	_dpkg_immutable_packages installed triggers-pending \
		triggers-awaited unpacked half-configured "$@"
}

# below FOLDER KIND: names below it, which are offered without it; compgen's
# KIND is -f or -d. Readline would not quote these rightly.
_dpkg_immutable_below()
{
	local name

	while IFS= read -r name; do
		[[ -e $name ]] || continue
		if [[ -d $name ]]; then
			name+=/
			compopt -o nospace
		fi
		printf -v name %q "$before${name#"$1"}"
		COMPREPLY+=("$name")
	done < <(compgen "$2" -- "$1${cur#"$before"}")
}

# files [-d]: readline's own completion. It works on what stands behind the
# "=", unless the user took that out of COMP_WORDBREAKS.
_dpkg_immutable_files()
{
	if [[ -n $before && $COMP_WORDBREAKS != *=* ]]; then
		_dpkg_immutable_below '' "${1--f}"
	elif [[ ${1-} == -d ]]; then
		compopt -o dirnames
	else
		compopt -o default
	fi
}

# Archives and folders. Where something is quoted, readline does it alone:
# all files then.
_dpkg_immutable_archives()
{
	case $cur in
	*[\\\'\"\$\`~]*)
		compopt -o default
		;;
	*)
		compopt -o filenames -o plusdirs
		mapfile -t COMPREPLY < <(compgen -f -X '!*.*deb' -- "$cur")
		;;
	esac
}

# Files of the system below --root, whose names have no root.
_dpkg_immutable_paths()
{
	if [[ -n $root ]]; then
		_dpkg_immutable_below "${root%/}" -f
	else
		compopt -o default
	fi
}

# The value of option $1; false where it takes none.
_dpkg_immutable_value()
{
	case $1 in
	--root | --admindir | --instdir)
		_dpkg_immutable_files -d
		;;
	--config | --metrics | --trust | --log)
		_dpkg_immutable_files
		;;
	--format)
		_dpkg_immutable_values text json
		[[ $action != --verify && -n $action ]] ||
			_dpkg_immutable_values rpm
		;;
	--export)
		_dpkg_immutable_values mtree sha256sum json
		;;
	--setup-readonly)
		_dpkg_immutable_values usr root
		;;
	--digests)
		_dpkg_immutable_values one all
		;;
	--color)
		_dpkg_immutable_values auto always never
		;;
	--since)
		_dpkg_immutable_dates
		;;
	--jobs | --slice | --status-fd | --abort-after | --debug | \
		--ignore-depends | --verify-format | --pre-invoke | \
		--post-invoke | --path-exclude | --path-include | \
		--status-logger)
		;;
	*)
		return 1
		;;
	esac
}

# Today, yesterday, a week and a month ago; the engine counts in UTC.
_dpkg_immutable_dates()
{
	local TZ=UTC0 now day date

	printf -v now '%(%s)T' -1
	for day in 0 1 7 30; do
		printf -v date '%(%Y-%m-%d)T' $((now - day * 86400))
		_dpkg_immutable_values "$date"
	done
}

# A word of the line as a folder; nothing where it would take a shell to read.
_dpkg_immutable_folder()
{
	local name=${1//\\/}

	case $1 in
	*[\'\"\$\`]*)
		;;
	\~/*)
		echo "$HOME/${name#\~/}"
		;;
	*)
		echo "$name"
		;;
	esac
}

# note_action WORD: the first action on the line decides whose grammar holds.
_dpkg_immutable_note_action()
{
	[[ -z $action ]] || return
	case $1 in
	--*)
		action=$1
		;;
	-V)
		action=--verify
		return
		;;
	-*i*)
		action=--install
		;;
	-*r*)
		action=--remove
		;;
	-*P*)
		action=--purge
		;;
	esac
	case " ${_dpkg_immutable_dpkg_actions[*]} " in
	*" ${action:-none} "*)
		mode=dpkg
		return
		;;
	esac
	case " ${_dpkg_immutable_actions[*]} " in
	*" $action"[=\ ]*)
		[[ $mode != dpkg ]] || action=
		;;
	*)
		action=
		;;
	esac
}

# note_value OPTION VALUE
_dpkg_immutable_note_value()
{
	case $1 in
	--root)
		root=$(_dpkg_immutable_folder "$2")
		;;
	--admindir)
		admindir=$(_dpkg_immutable_folder "$2")
		;;
	esac
}

# Reads the words before the cursor into the caller's variables: action;
# operand, the last one; behind, the index of the first word after "--"; prev,
# the option whose value the cursor is in; root, admindir; mode, "dpkg" where
# dpkg's grammar holds, in which the first operand ends the options.
_dpkg_immutable_look()
{
	local i w fits takes last=$((${#words[@]} - 1))

	_dpkg_immutable_fitting ''
	takes=" ${fits[*]} ${_dpkg_immutable_dpkg_options[*]} --export="
	takes+=" --setup-readonly= "
	for ((i = 1; i < last; i++)); do
		w=${words[i]}
		if [[ $w == -- ]]; then
			behind=$((i + 1))
			return
		elif [[ $w != -?* ]]; then
			operand=$w
			[[ $mode != dpkg ]] || return
			continue
		fi
		_dpkg_immutable_note_action "${w%%=*}"
		if [[ $w == --*=* ]]; then
			_dpkg_immutable_note_value "${w%%=*}" "${w#*=}"
		elif [[ $takes == *" $w= "* ]]; then
			if ((++i == last)); then
				prev=$w
			else
				_dpkg_immutable_note_value "$w" "${words[i]}"
			fi
		fi
	done
}

_dpkg_immutable_dpkg_option()
{
	local start

	_dpkg_immutable_offer "${_dpkg_immutable_dpkg_options[@]}"
	for start in --force- --refuse- --no-force-; do
		if [[ $cur == "$start"* ]]; then
			COMPREPLY=()
			_dpkg_immutable_offer \
				"${_dpkg_immutable_forces[@]/#/$start}"
		fi
	done
}

_dpkg_immutable_dpkg_operand()
{
	case $action in
	--install | --unpack)
		_dpkg_immutable_archives
		;;
	--configure)
		_dpkg_immutable_packages unpacked half-configured \
			triggers-pending triggers-awaited
		;;
	--triggers-only)
		_dpkg_immutable_packages triggers-pending triggers-awaited
		;;
	--remove)
		_dpkg_immutable_installed half-installed
		;;
	--purge)
		_dpkg_immutable_installed half-installed config-files
		;;
	esac
}

_dpkg_immutable_operand()
{
	case $action in
	--verify | --list)
		case $cur in
		/*)
			_dpkg_immutable_paths
			;;
		*)
			_dpkg_immutable_installed
			;;
		esac
		;;
	--explain)
		_dpkg_immutable_paths
		;;
	--protect | --unprotect | --open | --export)
		_dpkg_immutable_installed
		;;
	esac
}

# The command of --open: the functions count words as bash does.
_dpkg_immutable_command()
{
	local i

	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} != -- ]] || break
	done
	if declare -F _comp_command_offset >/dev/null; then
		_comp_command_offset $((i + 1))
	elif declare -F _command_offset >/dev/null; then
		_command_offset $((i + 1))
	elif ((behind == ${#words[@]} - 1)) && [[ $cur != */* ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	else
		compopt -o default
	fi
}

_dpkg_immutable_word()
{
	local option=${cur%%=*} fits=()

	if [[ -n $prev ]]; then
		_dpkg_immutable_value "$prev"
	elif [[ -z $behind && $cur == --*=* ]]; then
		before=$option=
		_dpkg_immutable_value "$option"
	elif [[ $mode == dpkg ]]; then
		if [[ -z $action ]]; then
			_dpkg_immutable_offer \
				"${_dpkg_immutable_dpkg_actions[@]}"
		fi
		if [[ -z $action || ($cur == -* && -z $operand$behind) ]]; then
			_dpkg_immutable_dpkg_option
		else
			_dpkg_immutable_dpkg_operand
		fi
	elif [[ -z $action ]]; then
		[[ $cur != -* ]] || _dpkg_immutable_fitting ''
		_dpkg_immutable_offer "${_dpkg_immutable_actions[@]}" \
			"${_dpkg_immutable_dpkg_actions[@]}" "${fits[@]}"
		[[ ${#COMPREPLY[@]} != 0 ]] || _dpkg_immutable_dpkg_option
	elif [[ -z $behind && $cur == -* ]]; then
		_dpkg_immutable_fitting "$action"
		_dpkg_immutable_offer "${fits[@]}"
	else
		_dpkg_immutable_operand
	fi
}

_dpkg_immutable()
{
	local words=() cur='' before='' mode=''
	local action='' operand='' behind='' prev='' root='' admindir=''
	local IFS=$' \t\n'

	COMPREPLY=()
	_dpkg_immutable_split
	_dpkg_immutable_look
	if [[ $action == --open && -n $behind ]]; then
		_dpkg_immutable_command
		return
	elif [[ $action == --plan && -n $behind ]]; then
		words=("${words[0]}" "${words[@]:behind}")
		action='' operand='' behind='' mode=dpkg
		_dpkg_immutable_look
	fi
	_dpkg_immutable_word
	_dpkg_immutable_cut
} &&
	complete -F _dpkg_immutable dpkg-immutable

_dpkg_immutable_divert()
{
	local words=() cur='' before='' IFS=$' \t\n'

	COMPREPLY=()
	_dpkg_immutable_split
	if [[ $cur == --root=* ]]; then
		before=--root=
		_dpkg_immutable_files -d
	elif [[ ${#words[@]} -gt 2 && ${words[-2]} == --root ]]; then
		_dpkg_immutable_files -d
	else
		case " ${words[*]:1:${#words[@]}-2} " in
		*" add "* | *" remove "*)
			_dpkg_immutable_offer --root=
			;;
		*" --help "* | *" --version "*)
			;;
		*)
			_dpkg_immutable_offer add remove --root= --help \
				--version
			;;
		esac
	fi
	_dpkg_immutable_cut
} &&
	complete -F _dpkg_immutable_divert dpkg-immutable-divert
