dnl SPDX-License-Identifier: GPL-2.0-or-later
dnl DI_FLAVOUR: the release programs are static-pie; with
dnl --enable-sanitizers they are dynamic (gcc refuses -static with asan) and
dnl carry the test hooks.
AC_DEFUN([DI_FLAVOUR], [
AC_ARG_ENABLE([sanitizers],
	[AS_HELP_STRING([--enable-sanitizers],
		[dynamic programs with address and undefined sanitizers
		and test hooks, for tests only])],
	[], [enable_sanitizers=no])
AS_IF([test "x$enable_sanitizers" = xyes], [
	FLAVOUR_CFLAGS="-fPIE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
	FLAVOUR_CPPFLAGS="-DDI_TEST_HOOKS=1"
	FLAVOUR_LDFLAGS="-pie -fsanitize=address,undefined"
], [
	FLAVOUR_CFLAGS="-fPIE"
	FLAVOUR_CPPFLAGS=""
	FLAVOUR_LDFLAGS="-static-pie"
])
AC_SUBST([FLAVOUR_CFLAGS])
AC_SUBST([FLAVOUR_CPPFLAGS])
AC_SUBST([FLAVOUR_LDFLAGS])
dnl The shim's start before libc is x86-64 code, and not for sanitizers.
AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#if !defined(__x86_64__) || defined(__ILP32__)
#error other
#endif
]])], [early_shim=yes], [early_shim=no])
AM_CONDITIONAL([EARLY_SHIM],
	[test "x$early_shim$enable_sanitizers" = xyesno])
AM_CONDITIONAL([SANITIZERS], [test "x$enable_sanitizers" = xyes])
])
