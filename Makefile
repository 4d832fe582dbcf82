# The C library, which SwiftPM can't name as we want: SwiftPM links the product KBUSC, and this gives it its soname, its
# one list of exported symbols, and its name; makes an archive of the same objects; and installs both as C users expect, with the
# reaper in libexec.
#
#   make                    libkbus.so, libkbus.a and kbus-reaper
#   make install            PREFIX=/usr/local, LIBDIR, LIBEXECDIR, INCLUDEDIR, MANDIR; DESTDIR to stage it for a package
#   make uninstall          with the same variables
#   make check-libkbus      what libkbus.so promises: its size, what it needs, and what it exports
#   make check-reaper       what kbus-reaper promises: its size, its memory, and that it sleeps while nothing happens
#   make check-install      installs into a scratch directory and builds programs against that
#   make update-abi         writes down what libkbus.so exports now; the difference is what a commit has to explain

.SHELLFLAGS := -ec

SWIFT ?= swift
OBJCOPY ?= objcopy
NM ?= nm
STRIP ?= strip
INSTALL ?= install

PREFIX = /usr/local
LIBDIR = $(PREFIX)/lib
LIBEXECDIR = $(PREFIX)/libexec
INCLUDEDIR = $(PREFIX)/include
MANDIR = $(PREFIX)/share/man

# The version is that of the Swift package; the number in the soname grows when programs have to be built anew.
VERSION := $(shell sed -n 's/.*versionText: StaticString = "\([0-9.]*\)".*/\1/p' Sources/KBUSShm/BusFile/Bus.swift)
$(if $(VERSION),,$(error no version found in Sources/KBUSShm/BusFile/Bus.swift))
MAJOR = 1
REAL = libkbus.so.$(VERSION)
BUILD = .build-libkbus

# Directories are in the list so that a file that goes is noticed.
SOURCES := Makefile libkbus.map libkbus.ld Package.swift \
           $(shell find Sources/KBUSShm Sources/KBUSC Sources/CShm Sources/CKBUS -name '.*' -prune -o -print)

# For size, each function apart so that those which nobody calls can go, and hardened.
SMALL = $(SWIFT) build -c release -Xcc -Oz -Xcc -DCSHM_SMALL -Xcc -fno-asynchronous-unwind-tables \
        -Xswiftc -Osize -Xswiftc -Xfrontend -Xswiftc -function-sections \
        -Xlinker --gc-sections -Xlinker --icf=all -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now
# lld puts segments into the file without gaps: gold's reach from page to page.
LINK = -Xswiftc -use-ld=lld -Xlinker -O2 -Xlinker --no-eh-frame-hdr -Xlinker --version-script=$(CURDIR)/libkbus.map -Xlinker -soname=libkbus.so.$(MAJOR) -Xlinker -z -Xlinker defs -Xlinker $(CURDIR)/libkbus.ld

.PHONY: all install uninstall check-libkbus check-reaper check-install update-abi clean

all: libkbus.so libkbus.a kbus-reaper

$(REAL): $(SOURCES)
	$(SMALL) --product KBUSC --scratch-path $(BUILD) $(LINK)
	cp -f $(BUILD)/release/libKBUSC.so $@
	$(STRIP) --strip-unneeded --remove-section=.comment $@

libkbus.so.$(MAJOR): $(REAL)
	ln -sf $(REAL) $@

# Programs are linked with this one, and look for that one when they run.
libkbus.so: libkbus.so.$(MAJOR)
	ln -sf $(REAL) $@

# One object, of which nothing shows but kbus_*: the pieces of the Swift runtime in it must not meet those of a program
# that is written in Swift itself. Groups (COMDAT), should a compiler make any, are dissolved: they would be merged by
# name with the program's, local symbols or not. SwiftPM's list of what it linked says which objects there are.
OBJECTS = $(BUILD)/release/KBUSC.product/Objects.LinkFileList
libkbus.a: $(REAL)
	$(LD) -r --force-group-allocation --gc-sections -o $(BUILD)/whole.o @$(OBJECTS) \
	    $$($(NM) -g --defined-only @$(OBJECTS) 2>/dev/null | awk '$$3 ~ /^kbus_/ { print "-u", $$3 }')
	$(OBJCOPY) --wildcard --keep-global-symbol='kbus_*' --strip-unneeded --remove-section=.llvm_addrsig \
	    --remove-section=.swift1_autolink_entries --remove-section=.swift_modhash $(BUILD)/whole.o $(BUILD)/kbus.o
	rm -f $@
	$(AR) rcsD $@ $(BUILD)/kbus.o

# The same core once more, whole, so that the reaper needs no library of ours. Its own scratch path: SwiftPM knows one set of flags.
kbus-reaper: $(SOURCES) $(shell find Sources/kbus-reaper)
	$(SMALL) --product kbus-reaper --scratch-path $(BUILD)-reaper
	cp -f $(BUILD)-reaper/release/kbus-reaper $@
	$(STRIP) --strip-all --remove-section=.swift_modhash --remove-section=.comment $@

check-reaper: kbus-reaper
	scripts/check-reaper ./kbus-reaper

check-libkbus: libkbus.so
	scripts/check-libkbus libkbus.so

check-install: all
	Tests/InstallTests/run

update-abi: libkbus.so
	Tests/InstallTests/exports libkbus.so > Tests/InstallTests/exported-symbols.txt

# ---- Installation. Everything installed is in one of these lists; `uninstall` goes through the same ones. ----

PKGCONFIGDIR = $(LIBDIR)/pkgconfig
CMAKEDIR = $(LIBDIR)/cmake/kbus

HEADERS := kbus/kbus.h kbus/kbus_shm.h kbus/linux/kbus_defns.h libkbus/kbus.h
LIBRARIES = $(REAL) libkbus.so.$(MAJOR) libkbus.so libkbus.a
CMAKEFILES := kbusConfig.cmake kbusConfigVersion.cmake
PAGES := $(notdir $(wildcard docs/man/*.[37]))
# A page describes several functions: each has a file, which names the page, under its own name too.
NAMES := $(shell packaging/man-names docs/man/*.3)
LINKS = $(filter-out $(PAGES),$(foreach name,$(NAMES),$(firstword $(subst :, ,$(name)))))

OWN_DIRECTORIES = $(INCLUDEDIR)/kbus/linux $(INCLUDEDIR)/kbus $(INCLUDEDIR)/libkbus $(CMAKEDIR)

# Where the headers lie, seen from a file that names them: what is installed can be moved as a whole.
FROM = $(shell realpath -ms --relative-to=$(1) $(INCLUDEDIR))
FILL = sed -e 's|@VERSION@|$(VERSION)|g' -e 's|@MAJOR@|$(MAJOR)|g' -e 's|@INCLUDE@|$(call FROM,$(1))|g'

install: all
	$(INSTALL) -d $(addprefix $(DESTDIR),$(OWN_DIRECTORIES) $(LIBEXECDIR) $(PKGCONFIGDIR) $(MANDIR)/man3 $(MANDIR)/man7)
	$(foreach header,$(HEADERS),$(INSTALL) -m 644 Sources/CKBUS/include/$(header) $(DESTDIR)$(INCLUDEDIR)/$(header);)
	$(INSTALL) -m 755 $(REAL) $(DESTDIR)$(LIBDIR)/
	$(INSTALL) -m 644 libkbus.a $(DESTDIR)$(LIBDIR)/
	$(INSTALL) -m 755 kbus-reaper $(DESTDIR)$(LIBEXECDIR)/
	ln -sf $(REAL) $(DESTDIR)$(LIBDIR)/libkbus.so.$(MAJOR)
	ln -sf libkbus.so.$(MAJOR) $(DESTDIR)$(LIBDIR)/libkbus.so
	$(call FILL,$(PKGCONFIGDIR)) packaging/kbus.pc.in > $(DESTDIR)$(PKGCONFIGDIR)/kbus.pc
	$(foreach file,$(CMAKEFILES),$(call FILL,$(CMAKEDIR)) packaging/$(file).in > $(DESTDIR)$(CMAKEDIR)/$(file);)
	$(foreach page,$(PAGES),$(INSTALL) -m 644 docs/man/$(page) $(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/;)
	@for name in $(NAMES); do \
	    link=$${name%%:*} page=$${name##*:}; \
	    [ "$$link" = "$$page" ] || echo ".so man3/$$page" > $(DESTDIR)$(MANDIR)/man3/$$link; \
	done

uninstall:
	rm -f $(addprefix $(DESTDIR)$(INCLUDEDIR)/,$(HEADERS)) $(addprefix $(DESTDIR)$(LIBDIR)/,$(LIBRARIES)) \
	    $(DESTDIR)$(LIBEXECDIR)/kbus-reaper $(DESTDIR)$(PKGCONFIGDIR)/kbus.pc $(addprefix $(DESTDIR)$(CMAKEDIR)/,$(CMAKEFILES)) \
	    $(foreach page,$(PAGES),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(page)) \
	    $(addprefix $(DESTDIR)$(MANDIR)/man3/,$(LINKS))
	for directory in $(addprefix $(DESTDIR),$(OWN_DIRECTORIES)); do \
	    [ ! -d $$directory ] || rmdir --ignore-fail-on-non-empty $$directory; \
	done

clean:
	rm -rf .build $(BUILD) $(BUILD)-reaper libkbus.so* libkbus.a kbus-reaper
