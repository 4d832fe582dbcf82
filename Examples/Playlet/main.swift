// `swift run playlet`: two actors, an audience, and what they hear of each other.

/// A function, so that the stage is cleared when the play is over.
func perform() throws {
  let stage = try Stage()
  try Playlet(stage: stage).play()
}

try perform()
