# Undertone's build, for GNU make. Sources are found by folder: adding a file
# needs no change here. `make help` lists what can be made.

BUILD ?= build
DEPS := $(filter deps,$(MAKECMDGOALS))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

ifneq ($(DEPS),)

# Packages first: everything else that was asked for is made by a second make,
# which configures with the packages there.
REST := $(filter-out deps,$(MAKECMDGOALS))

.PHONY: deps $(REST)
deps:
	sh scripts/deps.sh
	@test ! -f $(BUILD)/config.status || sh $(BUILD)/config.status

$(firstword $(REST)): deps
	@$(MAKE) --no-print-directory $(REST)

$(wordlist 2,$(words $(REST)),$(REST)): $(firstword $(REST)) ;

else

# Configuration ------------------------------------------------------------

CONFIGURED := $(filter-out help clean distclean dist check-vendors,$(or $(MAKECMDGOALS),all))
ifneq ($(CONFIGURED),)
include $(BUILD)/config.mk
endif

$(BUILD)/config.mk: $(BUILD)/config.status ;
$(BUILD)/config.status: configure
	@if test -f $@; then sh $@; else BUILD='$(BUILD)' ./configure; fi

# Files --------------------------------------------------------------------

sources = $(sort $(shell find $(1) -name '$(2)' 2>/dev/null))

BACKENDS := host $(if $(filter 1,$(HAVE_OPENCL)),opencl)
LEVELED := $(call sources,src/device/host,host_*.c)
LIB_SOURCES := $(filter-out src/cli/% src/device/opencl/% $(LEVELED), \
		 $(call sources,src,*.c))
CLI_SOURCES := $(call sources,src/cli,*.c)
KERNELS := $(call sources,cl,*.cl)
ifneq ($(filter opencl,$(BACKENDS)),)
LIB_SOURCES += $(call sources,src/device/opencl,*.c)
KERNEL_OBJECT := $(BUILD)/obj/kernels.o
endif
PAGE := src/report/page.css src/report/page.js
PAGE_OBJECT := $(BUILD)/obj/page.o

LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/obj/%.o) $(KERNEL_OBJECT) \
	$(PAGE_OBJECT) \
	$(foreach level,$(LEVELS),$(LEVELED:%.c=$(BUILD)/obj/%.$(level).o))
CLI_OBJECTS := $(CLI_SOURCES:%.c=$(BUILD)/obj/%.o)

SUPPORT_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o, \
		     $(call sources,tests/support,*.c))
TEST_SOURCES := $(call sources,tests,check_*.c)
TESTS := $(TEST_SOURCES:%.c=$(BUILD)/%)
# Libraries that the loader of OpenCL takes for drivers and layers.
ICDS := $(if $(filter opencl,$(BACKENDS)),$(call sources,tests/icd,*.c))
ICD_OBJECTS := $(ICDS:%.c=$(BUILD)/obj/%.o)
# The program with a device that has faults, tests/support/faulty.h.
FAULTY := $(BUILD)/tests/undertone-faulty
FAULTY_OBJECT := $(BUILD)/obj/tests/faulty/faulty_backends.o
TEST_OBJECTS := $(TEST_SOURCES:%.c=$(BUILD)/obj/%.o) $(SUPPORT_OBJECTS) \
	$(FAULTY_OBJECT)

OBJECTS := $(LIB_OBJECTS) $(CLI_OBJECTS) $(TEST_OBJECTS) $(ICD_OBJECTS)

PROGRAM := $(BUILD)/undertone
ARCHIVE := $(BUILD)/libundertone.a
SONAME := libundertone.so.0
SHARED := $(BUILD)/libundertone.so.$(VERSION)
EXPORTS := $(BUILD)/exports.map
PC := $(BUILD)/undertone.pc

# Flags --------------------------------------------------------------------

WARNINGS = -Wall -Wextra $(WERROR)
STANDARD = -std=c11 -D_POSIX_C_SOURCE=200809L -DCL_TARGET_OPENCL_VERSION=120
INCLUDES = -Iinclude -Isrc -I$(BUILD) -Icl
# One rounding a statement: the arithmetic contract rests on -ffp-contract=off,
# which comes last so that nothing in CFLAGS can take it back.
COMPILE = $(CC) $(STANDARD) $(INCLUDES) $(LIB_CFLAGS) $(WARNINGS) $(CFLAGS) \
	$(SANITIZE) $(EXTRA) -fPIC -fopenmp -ffp-contract=off -MMD -MP -c -o $@ $<
LINK = $(CC) $(CFLAGS) $(SANITIZE) -fopenmp -Wl,--as-needed $(LDFLAGS)

# One line for each thing made; make V=1 shows the commands.
SAY = $(if $(V),,@echo '  $@';)

# These change no value; they let the compiler vectorise.
LEVEL_FLAGS = -fno-math-errno -fno-trapping-math

# Building -----------------------------------------------------------------

.PHONY: all
all: $(PROGRAM) $(ARCHIVE) $(SHARED) $(PC)

$(PROGRAM): $(CLI_OBJECTS) $(ARCHIVE)
	$(SAY)$(LINK) -o $@ $^ $(LIBS) $(MPI_LIBS)

$(BUILD)/obj/src/cli/mpi.o: EXTRA = $(MPI_CFLAGS)

$(ARCHIVE): $(LIB_OBJECTS)
	@rm -f $@
	$(SAY)$(AR) rcs $@ $^

$(EXPORTS): scripts/exports.sh $(wildcard include/undertone/*.h)
	$(SAY)sh scripts/exports.sh include/undertone/*.h >$@

$(SHARED): $(LIB_OBJECTS) $(EXPORTS)
	$(SAY)$(LINK) -shared -Wl,-soname,$(SONAME) \
		-Wl,--version-script=$(EXPORTS) -o $@ $(LIB_OBJECTS) $(LIBS)
	@ln -sf $(@F) $(BUILD)/$(SONAME)
	@ln -sf $(SONAME) $(BUILD)/libundertone.so

$(PC): undertone.pc.in $(BUILD)/config.mk
	$(SAY)sed -e 's|@prefix@|$(prefix)|' -e 's|@version@|$(VERSION)|' \
		-e 's|@libs@|$(strip $(LIBS)) -fopenmp|' $< >$@

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(SAY)$(COMPILE)

# The loops of the host backend, once for every level of the processor.
define level_rule
$(BUILD)/obj/%.$(1).o: %.c
	@mkdir -p $$(@D)
	$$(SAY)$$(COMPILE) $(LEVEL_FLAGS) $$(LEVEL_$(1)) -DUT_LEVEL=$(1)
endef
$(foreach level,$(LEVELS),$(eval $(call level_rule,$(level))))

$(BUILD)/kernels.c: $(KERNELS) $(wildcard cl/*.h) cl/embed.sh
	$(SAY)sh cl/embed.sh $(KERNELS) >$@.tmp
	@mv $@.tmp $@

$(KERNEL_OBJECT): $(BUILD)/kernels.c
	@mkdir -p $(@D)
	$(SAY)$(COMPILE)

$(BUILD)/page.c: $(PAGE) src/report/embed.sh
	$(SAY)sh src/report/embed.sh $(PAGE) >$@.tmp
	@mv $@.tmp $@

$(PAGE_OBJECT): $(BUILD)/page.c
	@mkdir -p $(@D)
	$(SAY)$(COMPILE)

# After the rules above, whose first prerequisite is what they compile.
$(OBJECTS): $(BUILD)/config.mk

-include $(OBJECTS:.o=.d)

# Tests --------------------------------------------------------------------

.PHONY: check check-install tests lint format bench demo fuzz check-vendors
$(TEST_OBJECTS): EXTRA = -Itests $(CHECK_CFLAGS)

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(SUPPORT_OBJECTS) $(ARCHIVE)
	@mkdir -p $(@D)
	$(SAY)$(LINK) -o $@ $^ $(CHECK_LIBS) $(LIBS)

$(FAULTY): $(CLI_OBJECTS) $(FAULTY_OBJECT) \
		$(BUILD)/obj/tests/support/faulty.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(SAY)$(LINK) -o $@ $^ $(LIBS) $(MPI_LIBS)

$(BUILD)/tests/icd/%.so: $(BUILD)/obj/tests/icd/%.o
	@mkdir -p $(@D)
	$(SAY)$(LINK) -shared -o $@ $<

# A test program whose source has gone is not to be run any more.
tests: $(TESTS) $(FAULTY) $(ICDS:%.c=$(BUILD)/%.so) all
	@rm -f $(filter-out $(TESTS),$(wildcard $(BUILD)/tests/*/check_*))

check: WERROR = -Werror
ifeq ($(HAVE_CHECK),0)
check:
	@echo 'make check needs the Check library: make deps, or' \
		'apt-get install check, and ./configure again' >&2; exit 1
else
check: tests
	@BUILD='$(BUILD)' sh tests/run.sh $(PARTS)
endif

# The examples, built against an installed copy that pkg-config finds.
check-install: all
	@BUILD='$(BUILD)' MAKE='$(MAKE)' CC='$(CC)' sh scripts/check_install.sh

# Programs of their own, with sanitizers; FUZZ_SECONDS for each reader.
fuzz: $(BUILD)/config.mk
	@BUILD='$(BUILD)' CC='$(CC)' LIBS='$(LIBS)' \
		CPPFLAGS='$(STANDARD) $(INCLUDES) $(LIB_CFLAGS)' \
		sh scripts/fuzz.sh

# No GPU is needed; sh scripts/vendors.sh brings compilers. VENDORS_FLAGS are
# options for the kernels.
check-vendors:
	@if command -v python3 >/dev/null 2>&1; then \
		BUILD='$(BUILD)' python3 -B scripts/check_vendors.py \
			$(VENDORS_FLAGS); \
	else echo 'SKIP: check-vendors: no python3 here'; fi

lint: all
	@BUILD='$(BUILD)' sh scripts/lint.sh

format:
	clang-format -i $(sort $(shell find include src tests cl examples \
		-name '*.[ch]'))

bench: all
	$(PROGRAM) bench

demo: all
	UNDERTONE_RECIPES=data/recipes $(PROGRAM) run demo --out runs/demo --force

# Installing ---------------------------------------------------------------

bindir = $(prefix)/bin
libdir = $(prefix)/lib
includedir = $(prefix)/include
datadir = $(prefix)/share/undertone
docdir = $(prefix)/share/doc/undertone
mandir = $(prefix)/share/man
INSTALL = install
MANUAL = $(wildcard docs/undertone.1)

.PHONY: install uninstall
install: all
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(libdir)/pkgconfig \
		$(DESTDIR)$(includedir)/undertone $(DESTDIR)$(datadir)/recipes \
		$(DESTDIR)$(docdir)/examples
	$(INSTALL) $(PROGRAM) $(DESTDIR)$(bindir)
	$(INSTALL) -m 644 $(ARCHIVE) $(DESTDIR)$(libdir)
	$(INSTALL) $(SHARED) $(DESTDIR)$(libdir)
	ln -sf $(notdir $(SHARED)) $(DESTDIR)$(libdir)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(libdir)/libundertone.so
	$(INSTALL) -m 644 $(PC) $(DESTDIR)$(libdir)/pkgconfig
	$(INSTALL) -m 644 include/undertone/*.h \
		$(DESTDIR)$(includedir)/undertone
	$(INSTALL) -m 644 data/recipes/*.ini $(DESTDIR)$(datadir)/recipes
	$(INSTALL) -m 644 COPYING $(DESTDIR)$(docdir)
	$(INSTALL) -m 644 examples/*.c $(DESTDIR)$(docdir)/examples
ifneq ($(MANUAL),)
	$(INSTALL) -d $(DESTDIR)$(mandir)/man1
	$(INSTALL) -m 644 $(MANUAL) $(DESTDIR)$(mandir)/man1
endif

uninstall:
	rm -f $(DESTDIR)$(bindir)/undertone \
		$(DESTDIR)$(libdir)/libundertone.a \
		$(DESTDIR)$(libdir)/libundertone.so* \
		$(DESTDIR)$(libdir)/pkgconfig/undertone.pc \
		$(DESTDIR)$(mandir)/man1/undertone.1
	rm -rf $(DESTDIR)$(includedir)/undertone $(DESTDIR)$(datadir) \
		$(DESTDIR)$(docdir)

# Tidying ------------------------------------------------------------------

.PHONY: clean distclean dist help
clean:
	rm -rf $(BUILD)/obj $(BUILD)/tests $(BUILD)/undertone $(BUILD)/kernels.c \
		$(BUILD)/page.c $(BUILD)/libundertone.* $(EXPORTS) $(PC)

distclean:
	rm -rf $(BUILD)

dist:
	sh scripts/dist.sh

help:
	@echo 'make              the program, the libraries'
	@echo 'make deps         install what is needed (Debian; sudo if not root)'
	@echo 'make demo         teach, distil and show the effect, in runs/demo'
	@echo 'make check        build and run every test, on every device found'
	@echo '                  (PARTS="nn -golden": only tests with, or without, that in the path)'
	@echo 'make check-install  build the examples against an installed copy'
	@echo 'make check-vendors  compile every kernel as AMD, NVIDIA and Intel do,'
	@echo '                  and look for the contract in the instructions'
	@echo 'make fuzz         feed the readers of files nonsense for FUZZ_SECONDS (20)'
	@echo 'make bench        measure this machine'
	@echo 'make lint         style, architecture, exported names'
	@echo 'make format       let clang-format have its way'
	@echo 'make install      to --prefix of ./configure; DESTDIR is honoured'
	@echo 'make uninstall    take that away again'
	@echo 'make clean        remove what was built'
	@echo 'make distclean    remove the configuration and Intel runtime too'
	@echo 'make dist         undertone-VERSION.tar.gz'
	@echo 'make V=1          show the commands'
	@echo 'make BUILD=DIR    any of these with another folder than build'
	@echo 'Options are those of ./configure --help.'

endif
