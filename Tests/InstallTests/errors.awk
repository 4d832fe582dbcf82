# Reads manual pages in mdoc and then headers, and prints each errno that the comment of a function names, and its page doesn't.
FNR == 1 { page++; is_manual = FILENAME ~ /[.]3$/; comment = ""; in_comment = 0 }

is_manual && /^\.Sh / { section = $2 }
is_manual && section == "NAME" && $1 == ".Nm" { page_of[$2] = page }
is_manual { while (match($0, /E[A-Z][A-Z0-9]+/)) { has[page, substr($0, RSTART, RLENGTH)]; $0 = substr($0, RSTART + RLENGTH) } }
is_manual { next }

/\/\*/ { comment = ""; in_comment = 1 }
in_comment { comment = comment " " $0; if (/\*\//) in_comment = 0; next }
match($0, /kbus_[a-z0-9_]+\(/) {
  name = substr($0, RSTART, RLENGTH - 1)
  rest = comment
  while (match(rest, /-E[A-Z][A-Z0-9]+/)) {
    errno = substr(rest, RSTART + 1, RLENGTH - 1)
    rest = substr(rest, RSTART + RLENGTH)
    if (!((page_of[name], errno) in has)) print name ": " errno
  }
}
