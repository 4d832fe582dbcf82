# What `make install` puts where, and that `make uninstall` takes all of it away.

version=$(sed -n 's/.*versionText: StaticString = "\(.*\)"/\1/p' Sources/KBUSShm/BusFile/Bus.swift)

installed() { (cd "$1" && find . ! -type d | LC_ALL=C sort); }

staged() { make --no-print-directory "$@" PREFIX="$prefix" DESTDIR="$stage"; }

# Directories that others use too may stay, empty; those of our own may not.
nothing_left() {
  local left
  left=$(find "$1" ! -type d; find "$1" -type d -name '*kbus*' ! -path "$stage$prefix")
  [ -z "$left" ] || { echo "$left"; return 1; }
}

expected_files() {
  printf './%s\n' include/kbus/kbus.h include/kbus/kbus_shm.h include/kbus/linux/kbus_defns.h include/libkbus/kbus.h \
    libexec/kbus-reaper "lib/libkbus.so.$version" lib/libkbus.so.1 lib/libkbus.so lib/libkbus.a lib/pkgconfig/kbus.pc \
    lib/cmake/kbus/kbusConfig.cmake lib/cmake/kbus/kbusConfigVersion.cmake share/man/man7/kbus.7
}

check "make install, with PREFIX and DESTDIR" staged install
installed "$root" | grep -v '^./share/man/man3/' > "$scratch/installed"
expected_files | LC_ALL=C sort > "$scratch/expected"
check "exactly the libraries, the reaper, headers, package files and manual are installed" same "$scratch/expected" "$scratch/installed"
check "libkbus.so leads to libkbus.so.1, and that to libkbus.so.$version" \
  test "$(readlink "$root/lib/libkbus.so") $(readlink "$root/lib/libkbus.so.1")" = "libkbus.so.1 libkbus.so.$version"
check "no installed text names the directory it was staged in" \
  bash -c '! grep -rIl "$1" "$2"' - "$stage" "$root"

make --no-print-directory install PREFIX=/ DESTDIR="$scratch/elsewhere" LIBDIR=/lib/x86-linux INCLUDEDIR=/headers \
  MANDIR=/manual > "$scratch/log" 2>&1
check "LIBDIR, INCLUDEDIR and MANDIR say where the parts go, and kbus.pc finds the headers from there" \
  bash -c 'test -f "$1/lib/x86-linux/libkbus.a" -a -f "$1/manual/man7/kbus.7" &&
    gcc -fsyntax-only $(PKG_CONFIG_PATH="$1/lib/x86-linux/pkgconfig" pkg-config --cflags kbus) "$2"' - \
  "$scratch/elsewhere" "$tests/version.c"

check "a second installation over the first changes nothing" \
  bash -c 'before=$(cd "$1" && find . | sort) && shift && "$@" >/dev/null && [ "$before" = "$(cd "$0" && find . | sort)" ]' \
  "$root" "$root" make --no-print-directory install PREFIX="$prefix" DESTDIR="$stage"

touch "$scratch/elsewhere/headers/kbus/of-somebody-else.h"
make --no-print-directory uninstall PREFIX=/ DESTDIR="$scratch/elsewhere" LIBDIR=/lib/x86-linux INCLUDEDIR=/headers \
  MANDIR=/manual > "$scratch/log" 2>&1
check "make uninstall leaves what is not its own" test -f "$scratch/elsewhere/headers/kbus/of-somebody-else.h"
rm -r "$scratch/elsewhere/headers/kbus"
check "make uninstall leaves nothing of its own" nothing_left "$scratch/elsewhere"
