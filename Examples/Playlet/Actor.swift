import KBUSShm

/// Somebody on the stage: a Ksock with a name. What it says and hears is printed as it happens.
struct Actor {
  let name: String
  let ksock: Ksock

  init(_ name: String, on stage: Stage) throws(KBusError) {
    self.name = name
    ksock = try stage.open()
    print("\n\(name) enters: Ksock \(ksock.id)")
  }

  /// Sends a message and returns its id; prints what goes wrong instead, if it does.
  func says(_ message: some OutgoingMessage) throws(KBusError) {
    do throws(KBusError) {
      let id = try ksock.send(message)
      print("\(name) says \(id) \(message.message.name) \"\(message.message.text)\"")
    } catch {
      guard error.code == .anotherReplier else { throw error }
      print("\(name) cannot say \(message.message)")
      print("    \(error)")
    }
  }

  /// Receives the next message, if there is one.
  @discardableResult func hears() throws(KBusError) -> Message? {
    let message = try ksock.receive()
    print("\(name) hears \(message.map(\.description) ?? "nothing")")
    return message
  }

  /// Receives whatever there is.
  func hearsEverything() throws(KBusError) {
    while try hears() != nil {}
  }

  func listens(to name: MessageName, as kind: Ksock.BindingKind = .listener) throws(KBusError) {
    try ksock.bind(name, as: kind)
    print("\(self.name) \(kind == .replier ? "answers" : "listens to") \(name)")
  }

  func stopsListening(to name: MessageName) throws(KBusError) {
    try ksock.unbind(name)
    print("\(self.name) no longer listens to \(name)")
  }

  func leaves() {
    ksock.close()
    print("\(name) leaves")
  }
}
