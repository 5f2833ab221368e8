dnl SPDX-License-Identifier: GPL-2.0-or-later
dnl DI_CC_FLAG(VARIABLE, FLAG): adds FLAG to VARIABLE where the compiler
dnl takes it without a word.
AC_DEFUN([DI_CC_FLAG], [
AS_VAR_PUSHDEF([cached], [di_cv_cc_flag_$2])
AC_CACHE_CHECK([whether $CC accepts $2], [cached], [
	di_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $2"
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
		[AS_VAR_SET([cached], [yes])], [AS_VAR_SET([cached], [no])])
	CFLAGS=$di_save_CFLAGS
])
AS_VAR_IF([cached], [yes], [$1="$$1 $2"])
AS_VAR_POPDEF([cached])
])

dnl DI_COMPILER_WARNINGS: the house's warnings; --enable-werror for CI.
AC_DEFUN([DI_COMPILER_WARNINGS], [
WARN_CFLAGS=
m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wstrict-prototypes
	-Wmissing-prototypes -Wconversion -Wvla],
	[DI_CC_FLAG([WARN_CFLAGS], flag)])
AC_ARG_ENABLE([werror],
	[AS_HELP_STRING([--enable-werror], [warnings are errors])])
AS_IF([test "x$enable_werror" = xyes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
AC_SUBST([WARN_CFLAGS])
])

dnl DI_HARDENING: what a root program is built with. _FORTIFY_SOURCE needs an
dnl optimised build (coverage is not) and does not go with the sanitizers.
AC_DEFUN([DI_HARDENING], [
HARDEN_CFLAGS=
HARDEN_CPPFLAGS=
HARDEN_LDFLAGS="-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack"
m4_foreach_w([flag], [-fstack-protector-strong -fcf-protection
	-fstack-clash-protection],
	[DI_CC_FLAG([HARDEN_CFLAGS], flag)])
AS_IF([test "x$enable_sanitizers$enable_coverage" = xnono],
	[HARDEN_CPPFLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
AC_SUBST([HARDEN_CFLAGS])
AC_SUBST([HARDEN_CPPFLAGS])
AC_SUBST([HARDEN_LDFLAGS])
])
