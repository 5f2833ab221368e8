# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# make -f tests/fuzz/build.mk SRC=TOP [TARGETS=...]: the fuzz targets into the
# present folder, by clang, whatever configure has chosen. For tests/fuzz/run.

CC = clang
TARGETS = $(patsubst $(SRC)/tests/fuzz/fuzz_%.c,%,\
	$(wildcard $(SRC)/tests/fuzz/fuzz_*.c))
CFLAGS = -std=gnu11 -O1 -gline-tables-only -fno-omit-frame-pointer \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wvla
SANITIZE = address,undefined
ALL_CFLAGS = $(CFLAGS) -fno-sanitize-recover=undefined -D_GNU_SOURCE \
	-DDI_ENGINE_PATH='"/usr/sbin/dpkg-immutable"' -DDI_VERSION='"fuzz"' \
	-iquote $(SRC)/include -iquote $(SRC)/src
LIBS = -lcrypto -lacl -lz -llzma -lzstd -lpthread

# Parsers, and what they stand on; two files have a stand-in here.
SOURCES = $(filter-out $(SRC)/src/base/arena.c\
	$(SRC)/src/base/buf_reserve.c,\
	$(wildcard $(SRC)/src/base/*.c $(SRC)/src/dpkg/*.c \
	$(SRC)/src/core/ledger*.c $(SRC)/src/core/history*.c)) \
	$(addprefix $(SRC)/src/fs/,capability.c digest.c holders.c iflag.c \
	lasting.c meta.c meta_text.c mounts.c procs.c root.c walk.c \
	writers.c) \
	$(addprefix $(SRC)/src/core/,archive_control.c archive_split.c \
	audited.c conf.c foreign.c formatver.c index.c jfile.c journal.c \
	jrecord.c planrec.c $(addprefix posture,.c _folders.c \
	_fstab.c _ldconf.c _over.c _path.c _preload.c _sockets.c _status.c \
	_units.c) remounted.c setup_fstab.c) \
	$(addprefix $(SRC)/src/cli/,nearest.c options.c options_table.c \
	options_values.c) \
	$(SRC)/src/proc/channel.c $(SRC)/tests/fuzz/arena.c \
	$(SRC)/tests/fuzz/buf_reserve.c $(SRC)/tests/fuzz/fuzz.c
OBJECTS = $(patsubst $(SRC)/%.c,%.o,$(SOURCES))
MAINS = $(TARGETS:%=tests/fuzz/fuzz_%.o) tests/show_db.o \
	tests/show_control.o

all: $(addprefix fuzz_,$(TARGETS)) show_db show_control

$(TARGETS:%=fuzz_%): fuzz_%: tests/fuzz/fuzz_%.o libfuzzed.a
	$(CC) -fsanitize=fuzzer,$(SANITIZE) -o $@ $< libfuzzed.a $(LIBS)

# Readers as programs, for tests/fuzz/differential.
show_db show_control: %: tests/%.o libfuzzed.a
	$(CC) -fsanitize=$(SANITIZE) -o $@ $< libfuzzed.a $(LIBS)

libfuzzed.a: $(OBJECTS)
	rm -f $@
	ar cr $@ $(OBJECTS)

$(OBJECTS) $(MAINS): %.o: $(SRC)/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer-no-link,$(SANITIZE) -MMD -c \
		-o $@ $<

-include $(OBJECTS:.o=.d) $(MAINS:.o=.d)
