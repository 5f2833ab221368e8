/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * The shim's entry point on x86-64, in front of the C library's: a call whose
 * first word is a query goes to the real dpkg before the C library starts.
 * Its start asks the processor for its features some thirty times, and a
 * virtual machine traps each time: a third of what a query costs in all.
 *
 * Nothing is relocated or set up here: no library call, no pointer in a
 * table, no thread-local storage. Whatever is not plain returns, and main
 * does it all again in the proper way.
 */
#include <elf.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "cmdline.h"
#include "cmdtable.h"
#include "bare.h"

#if !defined(__x86_64__)
#error "early.c is for x86-64 only; leave it and its -e option out elsewhere"
#endif

/* Called by the lines below only, which a compiler does not look into. */
void shim_early(long *stack) __attribute__((used));

/* The kernel's stack as it is: argc, argv, NULL, envp, NULL, auxv. */
__asm__(".text\n"
        ".globl shim_entry\n"
        ".hidden shim_entry\n"
        ".type shim_entry, @function\n"
        "shim_entry:\n"
        "	endbr64\n"
        "	xorl %ebp, %ebp\n"
        "	movq %rsp, %rbx\n"
        "	movq %rdx, %r12\n"
        "	movq %rsp, %rdi\n"
        "	andq $-16, %rsp\n"
        "	call shim_early\n"
        "	movq %rbx, %rsp\n"
        "	movq %r12, %rdx\n"
        "	jmp _start\n"
        ".size shim_entry, . - shim_entry\n");

/* Only comes back if the program cannot be started. */
EARLY static void
early_execve(const char *path, char *const *argv, char *const *envp)
{
	long r = SYS_execve;

	__asm__ volatile("syscall"
	                 : "+a"(r)
	                 : "D"(path), "S"(argv), "d"(envp)
	                 : "rcx", "r11", "memory");
}

/* True if the last part of path is dpkg: the one name that is in no doubt. */
EARLY static int
is_dpkg(const char *path)
{
	const char *name = path;

	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	return name[0] == 'd' && name[1] == 'p' && name[2] == 'k' &&
	       name[3] == 'g' && name[4] == '\0';
}

/*
 * With a query in the first word dpkg acts on nothing, whatever follows: a
 * second action is refused, and --no-act cannot be taken back.
 */
EARLY static int
is_query_word(const char *word)
{
	const struct cmd_row *row;
	const char *value;

	if (word[0] != '-')
		return 0;
	row = word[1] == '-' ? cmdtable_word(word + 2, &value) :
	                       cmdtable_letter(word[1]);
	if (!row)
		return 0;
	return row->effect == CMD_DO_NO_ACT ||
	       (row->effect == CMD_DO_ACTION && row->arg == CMD_QUERY);
}

EARLY void
shim_early(long *stack)
{
	long argc = stack[0];
	char **argv = (char **)(stack + 1);
	char **envp, **end;
	const Elf64_auxv_t *aux;

	if (argc < 2 || !is_query_word(argv[1]))
		return;
	envp = argv + argc + 1;
	for (end = envp; *end; end++)
		;
	for (aux = (const Elf64_auxv_t *)(end + 1); aux->a_type != AT_NULL;
	     aux++) {
		if (aux->a_type != AT_EXECFN)
			continue;
		if (is_dpkg((const char *)aux->a_un.a_val))
			early_execve("/usr/bin/dpkg.distrib", argv, envp);
		return;
	}
}
