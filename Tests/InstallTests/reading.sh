# The manual and docs/C.md: complete, right in form, in agreement with the headers, and with examples that work.

manual=$root/share/man

described() { packaging/man-names docs/man/*.3 | sed 's/[.]3:.*//' | LC_ALL=C sort; }

sed 's/^[a-z]* //' "$scratch/declared-functions" | LC_ALL=C sort > "$scratch/all-declared"
described > "$scratch/described"
check "every function that the headers declare is described by one page, and no other" \
  same "$scratch/all-declared" "$scratch/described"

unopened() {
  local name
  while read -r name; do
    man -l "$manual/man3/$name.3" 2>&1 | grep -q "\b$name\b" || echo "$name"
  done < "$1"
}
if have man; then
  (cd "$manual" && unopened "$scratch/all-declared") > "$scratch/unopened"
  check "man opens a page for each of them" empty "$scratch/unopened"
else
  skip "man is not installed"
fi

awk -f "$tests/synopsis.awk" docs/man/*.3 > "$scratch/synopsis.c"
check "the synopses agree with the headers" \
  gcc -std=c99 -I"$root/include" -fsyntax-only -Wall -Wextra -Werror -Wno-unused-function "$scratch/synopsis.c"

awk -f "$tests/errors.awk" docs/man/*.3 "$root"/include/kbus/*.h > "$scratch/errors-missing"
check "every errno that the comment of a function names is in its page" empty "$scratch/errors-missing"

# What pages refer to, of ours, must be there.
sed -n 's/^\.Xr \(kbus[a-z_0-9]*\) \([37]\).*/\1.\2/p' docs/man/*.[37] | sort -u |
  while read -r page; do [ -f "$manual/man${page##*.}/$page" ] || echo "$page"; done > "$scratch/nowhere"
check "no page refers to one that is not there" empty "$scratch/nowhere"

if have groff; then
  groff -ww -mandoc -Tutf8 -z docs/man/*.[37] > "$scratch/groff" 2>&1
  check "groff has nothing to say against the pages" empty "$scratch/groff"
else
  skip "groff is not installed"
fi
if have mandoc; then
  mandoc -T lint -W warning docs/man/*.[37] > "$scratch/mandoc" 2>&1
  check "mandoc has nothing to say against the pages" empty "$scratch/mandoc"
else
  skip "mandoc is not installed"
fi

# The examples, each on buses of its own.
mkdir "$scratch/examples"
awk -v directory="$scratch/examples" -f "$tests/examples.awk" docs/man/*.[37] docs/C.md
example() {
  gcc -std=c99 "${warnings[@]}" $(pkg-config --cflags kbus) "$1" -o "${1%.c}" $(pkg-config --libs kbus) &&
    g++ -std=c++17 -x c++ "${warnings[@]}" $(pkg-config --cflags kbus) -fsyntax-only "$1" &&
    limited "${1%.c}"
  local result=$?
  rm -f "$KBUS_DIR"/kbus*
  return $result
}
for program in "$scratch"/examples/*.c; do
  check "the example $(basename "$program" .c) compiles, as C and C++, and runs" example "$program"
done

# The programs in Examples/c, by their own Makefile, which knows of nothing but pkg-config.
given_example() {
  cp -r Examples/c "$scratch/given" && limited make -C "$scratch/given" "check-$1" CFLAGS='-O2 -Wall -Wextra -Werror'
  local result=$?
  rm -rf "$scratch/given"
  return $result
}
for program in playlet hello hello-cc; do
  check "Examples/c/$program builds against the installed copy, and prints what it should" given_example "$program"
done
