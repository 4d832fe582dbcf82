# Writes the programs of the documentation into files, directory/page-1.c, directory/page-2.c, ...: from manual pages in mdoc the
# literal text in EXAMPLES, from pages in Markdown the blocks marked as C that have a `main`. Set `directory` with -v.
function begin() { program = ""; inside = 1 }
function finish(   page) {
  inside = 0
  if (program !~ /main\(/) return
  page = FILENAME
  sub(".*/", "", page)
  file = directory "/" page "-" ++count[page] ".c"
  printf "%s", program > file
  close(file)
}
/^\.Sh / { in_examples = $2 == "EXAMPLES" }
/^\.Bd / && in_examples || /^```c$/ { begin(); next }
/^\.Ed/ && inside || /^```$/ && inside { finish(); next }
inside { if (FILENAME ~ /\.[0-9]$/) gsub(/\\e/, "\\"); program = program $0 "\n" }
