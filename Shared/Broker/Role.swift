/// What a connection is for. Made, used and left behind on the connection's own thread.
protocol Role: AnyObject, SendableMetatype {
    associatedtype Command: Sendable

    /// The connection is there and the topology declared; nothing else has been asked yet.
    func open(on session: Session) throws(LinkFailure)
    /// - Parameter session: `nil` while disconnected.
    func perform(_ command: Command, on session: Session?) throws(LinkFailure)
    func handle(_ event: Event, on session: Session) throws(LinkFailure)
    /// Does what has fallen due, a bounded piece of it.
    /// - Returns: When there will be more to do; `nil` when only an event or a command can bring it.
    func work(on session: Session, at now: ContinuousClock.Instant) throws(LinkFailure) -> ContinuousClock.Instant?
    /// The connection is gone, and with it every tag that it gave out.
    func lost(_ failure: LinkFailure)
    /// The service is to stop: finish what is under way and begin nothing new. Comes again after a reconnect.
    func drain(on session: Session) throws(LinkFailure)
    var isDrained: Bool { get }
    /// The last call: whoever still waits is told so.
    func end()
}
