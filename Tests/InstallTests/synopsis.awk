# Turns the synopses of manual pages in mdoc into C that declares the functions once more: a compiler that has seen the headers
# complains about any difference.
BEGIN { print "#include <kbus/kbus_shm.h>" }
/^\.Sh / { in_synopsis = $2 == "SYNOPSIS" }
!in_synopsis { next }
$1 == ".Ft" { type = substr($0, 5) }
$1 == ".Fn" { function_name = $2; arguments = ""; add_quoted($0); finish() }
$1 == ".Fo" { function_name = $2; arguments = "" }
$1 == ".Fa" { add_quoted($0) }
$1 == ".Fc" { finish() }

# The words in quotation marks of a line; without any, its third word (`void`).
function add_quoted(line,   parts, count, i) {
  count = split(line, parts, "\"")
  for (i = 2; i <= count; i += 2) arguments = arguments (arguments == "" ? "" : ", ") parts[i]
  if (count == 1) arguments = $3
}
function finish() { print type, function_name "(" arguments ");" }
