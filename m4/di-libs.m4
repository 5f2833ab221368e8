dnl SPDX-License-Identifier: GPL-2.0-or-later
dnl DI_LIB_CRYPTO: OpenSSL's libcrypto, linked as the flavour links. Debian 13's
dnl static one wants zlib and zstd beside it.
AC_DEFUN([DI_LIB_CRYPTO], [
AC_CHECK_HEADER([openssl/evp.h], [],
	[AC_MSG_ERROR([openssl/evp.h not found: install libssl-dev])])
di_save_LDFLAGS=$LDFLAGS
di_save_CFLAGS=$CFLAGS
LDFLAGS="$LDFLAGS $FLAVOUR_LDFLAGS"
CFLAGS="$CFLAGS -fPIE"
AC_CHECK_LIB([crypto], [EVP_DigestInit_ex], [CRYPTO_LIBS=-lcrypto], [
	AC_CHECK_LIB([crypto], [EVP_MD_fetch],
		[CRYPTO_LIBS="-lcrypto -lz -lzstd"],
		[AC_MSG_ERROR([libcrypto cannot be linked ($FLAVOUR_LDFLAGS)])],
		[-lz -lzstd])])
LDFLAGS=$di_save_LDFLAGS
CFLAGS=$di_save_CFLAGS
AC_SUBST([CRYPTO_LIBS])
])

dnl DI_LIB_UNPACK: what the control part of a .deb may be packed with, linked
dnl as the flavour links.
AC_DEFUN([DI_LIB_UNPACK], [
AC_CHECK_HEADERS([zlib.h lzma.h zstd.h], [],
	[AC_MSG_ERROR([header not found: install zlib1g-dev, liblzma-dev and libzstd-dev])])
di_save_LDFLAGS=$LDFLAGS
di_save_CFLAGS=$CFLAGS
LDFLAGS="$LDFLAGS $FLAVOUR_LDFLAGS"
CFLAGS="$CFLAGS -fPIE"
UNPACK_LIBS=
AC_CHECK_LIB([z], [inflateInit2_], [UNPACK_LIBS="$UNPACK_LIBS -lz"],
	[AC_MSG_ERROR([zlib cannot be linked ($FLAVOUR_LDFLAGS)])])
AC_CHECK_LIB([lzma], [lzma_stream_decoder],
	[UNPACK_LIBS="$UNPACK_LIBS -llzma"],
	[AC_MSG_ERROR([liblzma cannot be linked ($FLAVOUR_LDFLAGS)])])
AC_CHECK_LIB([zstd], [ZSTD_decompressStream],
	[UNPACK_LIBS="$UNPACK_LIBS -lzstd"],
	[AC_MSG_ERROR([libzstd cannot be linked ($FLAVOUR_LDFLAGS)])])
LDFLAGS=$di_save_LDFLAGS
CFLAGS=$di_save_CFLAGS
AC_SUBST([UNPACK_LIBS])
])

dnl DI_LIB_CHECK: the unit test framework, found by pkg-config or by hand.
AC_DEFUN([DI_LIB_CHECK], [
AC_CHECK_HEADER([check.h], [have_check=yes], [have_check=no])
AS_IF([test "x$have_check" = xyes], [
	AC_CHECK_LIB([check_pic], [srunner_create],
		[CHECK_LIBS="-lcheck_pic -lsubunit -lrt -lm -lpthread"], [
	AC_CHECK_LIB([check], [srunner_create],
		[CHECK_LIBS="-lcheck -lsubunit -lrt -lm -lpthread"],
		[have_check=no], [-lsubunit -lrt -lm -lpthread])],
		[-lsubunit -lrt -lm -lpthread])
])
AM_CONDITIONAL([HAVE_CHECK], [test "x$have_check" = xyes])
AC_SUBST([CHECK_LIBS])
])

dnl DI_LIB_ACL: libacl, which brings POSIX ACLs into words.
AC_DEFUN([DI_LIB_ACL], [
AC_CHECK_HEADER([sys/acl.h], [],
	[AC_MSG_ERROR([sys/acl.h is missing (libacl1-dev)])])
di_save_libs=$LIBS
di_save_ldflags=$LDFLAGS
di_save_cflags=$CFLAGS
LDFLAGS="$LDFLAGS $FLAVOUR_LDFLAGS"
CFLAGS="$CFLAGS $FLAVOUR_CFLAGS"
AC_CHECK_LIB([acl], [acl_to_any_text], [ACL_LIBS=-lacl], [
	AC_CHECK_LIB([acl], [acl_free], [ACL_LIBS="-lacl -lattr"],
		[AC_MSG_ERROR([libacl cannot be linked ($FLAVOUR_LDFLAGS)])],
		[-lattr])])
LIBS=$di_save_libs
LDFLAGS=$di_save_ldflags
CFLAGS=$di_save_cflags
AC_SUBST([ACL_LIBS])
])
