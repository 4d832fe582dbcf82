// Introducing KBUS, after the playlet in Tony Ibbs' talk at EuroPython 2010. There each actor has a terminal of its own; here
// one process plays them all, which makes no difference to the bus.

import KBUSShm

struct Playlet {
  let stage: Stage

  func play() throws(KBusError) {
    // Anybody may say something. If nobody listens, nobody hears it, and that is no error.
    let rosencrantz = try Actor("Rosencrantz", on: stage)
    let ahem = Announcement("$.Actor.Speak", "Ahem")
    try rosencrantz.says(ahem)

    let audience = try Actor("The Audience", on: stage)
    try audience.listens(to: "$.Actor.Speak")
    try rosencrantz.says(ahem)
    try audience.hears()
    try audience.hears()
    try rosencrantz.says(Announcement("$.Actor.Speak", "Hello there"))
    try rosencrantz.says(Announcement("$.Actor.Speak", "Can you hear me?"))
    try audience.hearsEverything()

    // A wildcard hears every name that starts so. Who is bound twice hears twice.
    let guildenstern = try Actor("Guildenstern", on: stage)
    for actor in [guildenstern, audience, rosencrantz] { try actor.listens(to: "$.Actor.*") }
    try guildenstern.says(Announcement("$.Actor.Speak", "Pssst!"))
    for actor in [guildenstern, rosencrantz, audience] { try actor.hearsEverything() }
    try audience.stopsListening(to: "$.Actor.Speak")

    try question(rosencrantz, guildenstern, audience)
    try coinToss(rosencrantz, guildenstern, audience)
  }

  /// A Request goes to the one Replier of its name, who alone is asked to reply (YOU). Others may listen.
  private func question(_ rosencrantz: Actor, _ guildenstern: Actor, _ audience: Actor) throws(KBusError) {
    print("\nA question")
    try guildenstern.stopsListening(to: "$.Actor.*")
    try guildenstern.listens(to: "$.Actor.Speak")
    try guildenstern.listens(to: "$.Actor.Ask.Guildenstern", as: .replier)
    try rosencrantz.says(Request("$.Actor.Ask.Guildenstern", "Were you speaking to me?"))
    try rosencrantz.hears()
    try rosencrantz.stopsListening(to: "$.Actor.*")
    try answer(guildenstern, "Yes, yes I was")
    try rosencrantz.hears()
    try audience.hearsEverything()
  }

  /// A stateful Request goes to one particular Replier, who remembers what came before, or to nobody.
  private func coinToss(_ rosencrantz: Actor, _ guildenstern: Actor, _ audience: Actor) throws(KBusError) {
    print("\nTossing coins")
    try rosencrantz.says(Request("$.Actor.Ask.Guildenstern", "Will you count heads for me?"))
    try answer(guildenstern, "Yes, yes I shall")
    try guildenstern.listens(to: "$.Actor.CoinToss", as: .replier)
    guard let promise = try rosencrantz.hears() else { return }
    for heads in 1...2 {
      try rosencrantz.says(try Request(following: promise, "$.Actor.CoinToss", "Head"))
      try answer(guildenstern, "Head count is \(heads)")
      try rosencrantz.hears()
    }

    // Falstaff takes Guildenstern's place, but has no idea how many heads there were.
    guildenstern.leaves()
    let falstaff = try Actor("Falstaff", on: stage)
    try falstaff.listens(to: "$.Actor.CoinToss", as: .replier)
    try rosencrantz.says(try Request(following: promise, "$.Actor.CoinToss", "Head"))

    for actor in [audience, rosencrantz, falstaff] {
      try actor.hearsEverything()
      actor.leaves()
    }
  }

  private func answer(_ replier: Actor, _ text: String) throws(KBusError) {
    guard let request = try replier.hears() else { return }
    try replier.says(try Reply(to: request, text))
  }
}
