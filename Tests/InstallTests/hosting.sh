# The library in a program that is written in Swift and brings a Swift runtime of its own, linked in or shared.

# Swift sees the headers through a module of its own making.
mkdir -p "$scratch/module"
cat > "$scratch/module/module.modulemap" <<END
module KBUSFromC {
  header "$root/include/kbus/kbus_shm.h"
}
END

# host OPTIONS...: builds and runs host.swift.
host() {
  swiftc -O -module-name host -I "$scratch/module" "$tests/host.swift" -o "$scratch/host" "$@" &&
    limited "$scratch/host" "$version"
}

if have swiftc; then
  check "libkbus.a in a Swift program with a static runtime" host -static-stdlib "$archive"
  check "libkbus.a in a Swift program with a shared runtime" host "$archive"
  check "libkbus.so in a Swift program with a static runtime" host -static-stdlib -L "$root/lib" -lkbus
  check "libkbus.so in a Swift program with a shared runtime" host -L "$root/lib" -lkbus
else
  skip "swiftc is not installed"
fi
