// A placeholder: the reaper is not written yet, and says so.

import KBUSShm

if CommandLine.arguments.contains("--version") {
  print(Bus.version)
} else {
  print(
    """
    kbus-reaper is not there yet. It will watch the owners of all Ksocks (by their life locks and pidfds), and close at once
    the Ksocks of a process that died: requests to it get their GoneAway or Ignored status within a fraction of a
    millisecond. Until then the Ksocks of a dead process are closed by whoever opens the bus next.
    """)
}
