/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_BARE_H
#define DI_BARE_H

/*
 * Marks what the shim runs before the C library is set up: such a function
 * has no stack canary, which would live in thread-local storage, calls no
 * library and reads no table that holds pointers.
 */
#define EARLY
#if defined(__has_attribute)
#if __has_attribute(no_stack_protector)
#undef EARLY
#define EARLY __attribute__((no_stack_protector))
#endif
#endif

#endif
