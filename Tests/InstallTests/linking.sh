# C and C++ programs, by pkg-config, by CMake, and by hand.

warnings=(-Wall -Wextra -Werror)

# build_and_run NAME COMPILER... -- LIBRARIES...: compiles version.c and round-trip.c, and runs both.
build_and_run() {
  local compile=() program
  while [ "$1" != -- ]; do compile+=("$1"); shift; done
  shift
  for program in version round-trip; do
    "${compile[@]}" "${warnings[@]}" -DKBUS_EXPECTED_VERSION="\"$version\"" "$tests/$program.c" -o "$scratch/$program" "$@" &&
      limited "$scratch/$program" || return 1
  done
}

shared() { build_and_run "$@" $(pkg-config --cflags kbus) -- $(pkg-config --libs kbus); }
archived() { build_and_run "$@" $(pkg-config --cflags kbus) -- "$archive" -lpthread; }

check "pkg-config knows the version, $version" test "$(pkg-config --modversion kbus)" = "$version"
check "kbus_shm.h mentions the version, $version" grep -q "The version of the library: \"$version\"" "$root/include/kbus/kbus_shm.h"
check "pkg-config --static adds what libkbus.a needs" bash -c 'pkg-config --static --libs kbus | grep -q -- "-lkbus.*-lpthread"'

for compiler in "gcc -std=c99" "clang -std=c99" "g++ -std=c++17 -x c++" "clang++ -std=c++17 -x c++"; do
  if ! have "${compiler%% *}"; then skip "${compiler%% *} is not installed"; continue; fi
  check "a program by $compiler with libkbus.so" shared $compiler
  # Libraries follow on the command line: they are not C++.
  case $compiler in *"-x c++") language=(-- -x none) ;; *) language=(--) ;; esac
  check "a program by $compiler with libkbus.a" \
    build_and_run $compiler $(pkg-config --cflags kbus) "${language[@]}" "$archive" -lpthread
done
for linker in gold lld; do
  if ! have "ld.$linker"; then skip "ld.$linker is not installed"; continue; fi
  compiler=gcc; [ "$linker" = gold ] || compiler=clang
  have "$compiler" || { skip "$compiler is not installed"; continue; }
  check "libkbus.a linked by ld.$linker, with unused sections removed" \
    archived $compiler -std=c99 -fuse-ld=$linker -Wl,--gc-sections
done
if [ -f "$(gcc -print-file-name=libc.a)" ]; then
  check "libkbus.a in a program that is static altogether" \
    build_and_run gcc -std=c99 -static $(pkg-config --cflags kbus) -- $(pkg-config --static --libs kbus)
else
  skip "there is no libc.a to link a static program with"
fi
for header in kbus/linux/kbus_defns.h kbus/kbus.h kbus/kbus_shm.h libkbus/kbus.h; do
  check "$header can be included first, and alone" \
    gcc -std=c99 "${warnings[@]}" -I"$root/include" -fsyntax-only -x c <(echo "#include <$header>")
done

with_cmake() {
  cmake -S "$tests/cmake" -B "$scratch/cmake" -DCMAKE_PREFIX_PATH="$root" -DKBUS_EXPECTED_VERSION="$version" &&
    cmake --build "$scratch/cmake" && limited "$scratch/cmake/shared" && limited "$scratch/cmake/archived" &&
    readelf -dW "$scratch/cmake/shared" | grep 'NEEDED.*\[libkbus.so.1\]' &&
    ! readelf -dW "$scratch/cmake/archived" | grep 'NEEDED.*kbus'
}
too_old() {
  local said
  said=$(cmake -S "$tests/cmake" -B "$scratch/cmake-too-old" -DCMAKE_PREFIX_PATH="$root" -DKBUS_EXPECTED_VERSION=99.0 2>&1) && return 1
  echo "$said"
  [[ $said == *'requested version "99.0"'*"version: $version"* ]]
}
if have cmake; then
  check "a CMake project with kbus::kbus and one with kbus::kbus_static" with_cmake
  check "CMake refuses a version older than the one asked for" too_old
else
  skip "cmake is not installed"
fi
