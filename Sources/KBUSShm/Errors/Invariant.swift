/// The invariants of the bus file, as they are numbered beside its structures in cshm_layout.h and in docs/LAYOUT.md.
///
/// Enumerations of the core have a raw type throughout: the hashing of one without needs a newer libc than all the rest.
public enum Invariant: UInt8, Sendable, CaseIterable {
  case h1, h2
  case t1, t2, t3
  case l1
  case j1, j2
  case k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11, k12, k13
  case o1, o2, o3
  case e1
  case c1, c2, c3
  case n1
  case s1, s2, s3, s4, s5
  case b1, b2
  case m1
  case r1, r2
  case x1

  /// The number: a letter for the structure, and a number.
  public var number: StaticString {
    switch self {
    case .h1: "H1"
    case .h2: "H2"
    case .t1: "T1"
    case .t2: "T2"
    case .t3: "T3"
    case .l1: "L1"
    case .j1: "J1"
    case .j2: "J2"
    case .k1: "K1"
    case .k2: "K2"
    case .k3: "K3"
    case .k4: "K4"
    case .k5: "K5"
    case .k6: "K6"
    case .k7: "K7"
    case .k8: "K8"
    case .k9: "K9"
    case .k10: "K10"
    case .k11: "K11"
    case .k12: "K12"
    case .k13: "K13"
    case .o1: "O1"
    case .o2: "O2"
    case .o3: "O3"
    case .e1: "E1"
    case .c1: "C1"
    case .c2: "C2"
    case .c3: "C3"
    case .n1: "N1"
    case .s1: "S1"
    case .s2: "S2"
    case .s3: "S3"
    case .s4: "S4"
    case .s5: "S5"
    case .b1: "B1"
    case .b2: "B2"
    case .m1: "M1"
    case .r1: "R1"
    case .r2: "R2"
    case .x1: "X1"
    }
  }

  /// What holds, in one sentence.
  public var sentence: StaticString {
    switch self {
    case .h1: "magic, layout version and fingerprint are those of this program"
    case .h2: "every offset and count follows from the limits in the header"
    case .t1: "a long operation in progress names a Ksock in use"
    case .t2: "the count of `*` bindings at each depth is right"
    case .t3: "the count of events set aside is right"
    case .l1: "the lock is held by a thread that exists, with a journal of the bus"
    case .j1: "a journal is empty, or committed with entries inside the file"
    case .j2: "a journal names no slot, or one being published"
    case .k1: "a Ksock that is referred to is open"
    case .k2: "head <= tail < end, and chunks cover positions head to end"
    case .k3: "an entry is free for every answer that may come"
    case .k4: "reserved places are as many as requests without an answer"
    case .k5: "no more messages were taken than were queued"
    case .k6: "the urgent count is the length of the urgent list"
    case .k7: "the special word says what there is"
    case .k8: "the set-aside count is the length of the set-aside list"
    case .k9: "senders have seen no more messages taken than were"
    case .k10: "a descriptor is of a known kind, polled or not, and watched or not"
    case .k11: "a Ksock that has departed has nothing left but memory"
    case .k12: "a fast descriptor has its inode beside it"
    case .k13: "a backlog begins where messages are"
    case .o1: "no two owners have the same incarnation"
    case .o2: "a Ksock's owner is in use"
    case .o3: "all Ksocks of an owner that has departed have departed"
    case .e1: "a held record names a slot of the bus"
    case .c1: "a chunk belongs to the Ksock in whose queue it is"
    case .c2: "chunks of a queue follow one another without a gap"
    case .c3: "an entry is published with the stamp of its position"
    case .n1: "a node belongs to the Ksock in whose list it is"
    case .s1: "a slot is held by Ksocks that are open"
    case .s2: "a slot delivered has the sequence that its holders know"
    case .s3: "name and data lie within the slot"
    case .s4: "a slot whose pages go back is large, and nobody has a copy"
    case .s5: "pages of a slot are reserved, or not"
    case .b1: "no two bindings have the same sequence"
    case .b2: "a binding is in its bucket's chain and in its Ksock's list"
    case .m1: "a long name belongs to a binding"
    case .r1: "a request record has an id"
    case .r2: "requester and replier of a request are open"
    case .x1: "an extension with bits belongs to a slot"
    }
  }
}
