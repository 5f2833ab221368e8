dnl SPDX-License-Identifier: GPL-2.0-or-later
dnl DI_FLAVOUR: the release programs are static-pie; with
dnl --enable-sanitizers they are dynamic (gcc refuses -static with asan) and
dnl carry the test hooks. With --enable-coverage they are static, with the hooks
dnl too, and count what they run into a folder that is there in every root
dnl that system tests make (tests/coverage.c).
AC_DEFUN([DI_FLAVOUR], [
AC_ARG_ENABLE([sanitizers],
	[AS_HELP_STRING([--enable-sanitizers],
		[dynamic programs with address and undefined sanitizers
		and test hooks, for tests only])],
	[], [enable_sanitizers=no])
AC_ARG_ENABLE([coverage],
	[AS_HELP_STRING([--enable-coverage],
		[programs that count what they run (gcov), and test hooks,
		for tests only])],
	[], [enable_coverage=no])
COVERAGE_LDFLAGS=
AS_IF([test "x$enable_coverage" = xyes], [
	CFLAGS="$CFLAGS -O0"
	FLAVOUR_CFLAGS="-fPIE --coverage -fprofile-update=atomic -fprofile-dir=/dev/di-coverage"
	FLAVOUR_CPPFLAGS="-DDI_TEST_HOOKS=1"
	# libgcov's references to these are weak: a static program has none
	FLAVOUR_LDFLAGS="-static-pie --coverage -Wl,-u,pthread_mutex_init,-u,pthread_mutex_lock,-u,pthread_mutex_unlock,-u,pthread_once"
	COVERAGE_LDFLAGS="-Wl,-u,__wrap__exit,--wrap=_exit,--wrap=raise,--wrap=vfork,--wrap=sandbox_calls,--wrap=sandbox_files"
], [test "x$enable_sanitizers" = xyes], [
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
AC_SUBST([COVERAGE_LDFLAGS])
dnl The shim's start before libc is x86-64 code, and not for the other flavours.
AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#if !defined(__x86_64__) || defined(__ILP32__)
#error other
#endif
]])], [early_shim=yes], [early_shim=no])
AM_CONDITIONAL([EARLY_SHIM],
	[test "x$early_shim$enable_sanitizers$enable_coverage" = xyesnono])
AM_CONDITIONAL([COVERAGE], [test "x$enable_coverage" = xyes])
AM_CONDITIONAL([SANITIZERS], [test "x$enable_sanitizers" = xyes])
])
