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

#include "bare.h"
#include "cmdline.h"
#include "cmdtable.h"
#include "companion_priv.h"

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

/* The names that are in no doubt. No pointers: nothing is relocated yet. */
static const struct early_program {
	char name[20];
	char real[36];
	int companion;		/* enum companion_program, -1: dpkg */
} programs[] = {
	{ "dpkg", "/usr/bin/dpkg.distrib", -1 },
	{ "dpkg-divert", "/usr/bin/dpkg-divert.distrib", COMPANION_DIVERT },
	{ "dpkg-statoverride", "/usr/bin/dpkg-statoverride.distrib",
	  COMPANION_STATOVERRIDE }
};

EARLY static int
is_same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* The program that the last part of path names, else NULL. */
EARLY static const struct early_program *
program_of(const char *path)
{
	const char *name = path;

	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	for (unsigned i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (is_same(programs[i].name, name))
			return &programs[i];
	return NULL;
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

/* As the kernel tells it, which the caller cannot choose. */
EARLY static const char *
path_of_program(char **envp)
{
	const Elf64_auxv_t *aux;

	while (*envp)
		envp++;
	for (aux = (const Elf64_auxv_t *)(envp + 1); aux->a_type != AT_NULL;
	     aux++)
		if (aux->a_type == AT_EXECFN)
			return (const char *)aux->a_un.a_val;
	return NULL;
}

EARLY void
shim_early(long *stack)
{
	long argc = stack[0];
	char **argv = (char **)(stack + 1);
	char **envp = argv + argc + 1;
	const struct early_program *program;
	const char *path;
	int query;

	if (argc < 2 || argv[1][0] != '-')
		return;
	path = path_of_program(envp);
	program = path ? program_of(path) : NULL;
	if (!program)
		return;
	query = program->companion < 0 ?
	        is_query_word(argv[1]) :
	        companion_query_word((enum companion_program)
	                             program->companion, argv[1]);
	if (query)
		early_execve(program->real, argv, envp);
}
