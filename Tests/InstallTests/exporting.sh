# What the libraries show of themselves: names, versions, and nothing else.

library=$root/lib/libkbus.so
archive=$root/lib/libkbus.a

soname() { readelf -dW "$1" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p'; }

# Functions that the installed headers declare, by kind: `function` has its body in the library, `inline` in the header.
declared() {
  echo '#include <kbus/kbus_shm.h>' > "$scratch/declared.c"
  gcc -std=c99 -D_GNU_SOURCE -I"$root/include" -fsyntax-only -aux-info "$scratch/declared" "$scratch/declared.c" &&
    sed -n "s|^/\* $root/include/.*:N\([CF]\) \*/ .* \**\(kbus_[a-z0-9_]*\) (.*|\1 \2|p" "$scratch/declared" |
    awk '{ print $1 == "F" ? "inline" : "function", $2 }' | LC_ALL=C sort -u
}

check "the soname is libkbus.so.1" test "$(soname "$library")" = libkbus.so.1
"$tests/exports" "$library" > "$scratch/exports"
check "exactly the functions of exported-symbols.txt are exported (after a change on purpose: make update-abi)" \
  same "$tests/exported-symbols.txt" "$scratch/exports"
check "every exported symbol has the version KBUS_1" bash -c '[ -s "$1" ] && ! grep -v "@@KBUS_1$" "$1"' - "$scratch/exports"

declared > "$scratch/declared-functions"
sed -n 's/^function //p' "$scratch/declared-functions" > "$scratch/declared-here"
sed 's/@.*//' "$scratch/exports" > "$scratch/exported-names"
check "the headers declare exactly what the library exports" same "$scratch/declared-here" "$scratch/exported-names"

nm -g --defined-only "$archive" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort > "$scratch/archive-names"
check "libkbus.a defines the same functions, and no other global symbol" same "$scratch/exported-names" "$scratch/archive-names"
check "libkbus.a has no section groups, which would be merged with those of a Swift program" \
  bash -c 'readelf -gW "$1" | grep -q "no section groups"' - "$archive"
check "libkbus.a needs nothing but libc, and fits into a shared object" \
  gcc -shared -nodefaultlibs -Wl,--no-undefined -Wl,--whole-archive "$archive" -Wl,--no-whole-archive -lc -o "$scratch/whole.so"
check "libkbus.a asks for no executable stack and has no debugging information" \
  bash -c 'readelf -SW "$1" | grep -q "\.note\.GNU-stack" && ! readelf -SW "$1" | grep -q "\.debug_\|note.GNU-stack.* X "' - "$archive"
