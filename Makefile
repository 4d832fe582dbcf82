# The C library, which SwiftPM can't name as we want: SwiftPM links the product KBUSC, and this gives it its soname, its
# one list of exported symbols, and its name.

SWIFT ?= swift
VERSION = 0.1.0
MAJOR = 1
BUILD = .build-libkbus

LINK = -Xlinker --version-script=$(CURDIR)/libkbus.map -Xlinker -soname=libkbus.so.$(MAJOR) \
       -Xlinker --gc-sections -Xlinker --icf=all -Xlinker -z -Xlinker defs -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now

.PHONY: libkbus.so check-libkbus clean

libkbus.so:
	$(SWIFT) build -c release -Xswiftc -Osize -Xswiftc -Xfrontend -Xswiftc -function-sections --product KBUSC --scratch-path $(BUILD) $(LINK)
	cp -f $(BUILD)/release/libKBUSC.so libkbus.so.$(VERSION)
	strip --strip-unneeded libkbus.so.$(VERSION)
	ln -sf libkbus.so.$(VERSION) libkbus.so.$(MAJOR)
	ln -sf libkbus.so.$(VERSION) libkbus.so

# What the library promises: its size, what it needs, and what it exports.
check-libkbus: libkbus.so
	scripts/check-libkbus libkbus.so

clean:
	rm -rf .build $(BUILD) libkbus.so*
