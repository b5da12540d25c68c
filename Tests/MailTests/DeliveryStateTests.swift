import Mail
import Testing

@Suite("Delivery state")
struct DeliveryStateTests {
    /// The diagram, row by row: every move that there is.
    static let moves: [DeliveryState: [(DeliveryEvent, DeliveryState)]] = [
        .scheduled: [
            (.fellDue, .pending), (.attemptStarted, .sending), (.cancelled, .cancelled), (.dropped, .dropped), (.failed, .failed),
            (.attemptDelivered, .delivered), (.attemptDeferred, .deferred), (.attemptBounced, .bounced),
            (.attemptUncertain, .uncertain), (.attemptAbandoned, .pending),
        ],
        .pending: [
            (.attemptStarted, .sending), (.cancelled, .cancelled), (.dropped, .dropped), (.failed, .failed),
            (.attemptDelivered, .delivered), (.attemptDeferred, .deferred), (.attemptBounced, .bounced),
            (.attemptUncertain, .uncertain), (.resolved(delivered: true), .delivered),
        ],
        .sending: [
            (.failed, .failed), (.attemptDelivered, .delivered), (.attemptDeferred, .deferred), (.attemptBounced, .bounced),
            (.attemptUncertain, .uncertain), (.attemptAbandoned, .pending), (.bounceReceived, .bounced),
        ],
        .deferred: [
            (.fellDue, .pending), (.attemptStarted, .sending), (.cancelled, .cancelled), (.dropped, .dropped), (.failed, .failed),
            (.expired, .bounced), (.attemptDelivered, .delivered), (.attemptBounced, .bounced), (.attemptUncertain, .uncertain),
            (.attemptAbandoned, .pending), (.resolved(delivered: true), .delivered), (.resolved(delivered: false), .pending),
        ],
        .uncertain: [
            (.fellDue, .pending), (.attemptDelivered, .delivered), (.attemptDeferred, .deferred), (.attemptBounced, .bounced),
            (.attemptAbandoned, .pending), (.resolved(delivered: true), .delivered), (.resolved(delivered: false), .pending),
            (.bounceReceived, .bounced),
        ],
        .delivered: [(.bounceReceived, .bounced)],
        // Evidence that a server took the message is believed over a refusal or a cancellation.
        .bounced: [(.attemptDelivered, .delivered)],
        .cancelled: [(.attemptDelivered, .delivered)],
        .dropped: [],
        .failed: [],
    ]

    @Test(
        "every state answers every event as the table says, and the table has every state", arguments: DeliveryState.allCases,
        DeliveryEvent.all)
    func table(state: DeliveryState, event: DeliveryEvent) throws {
        let row = try #require(Self.moves[state])
        let expected = row.first { $0.0 == event }.map { DeliveryState.Step.moved(to: $0.1) } ?? .unchanged
        #expect(state.step(on: event) == expected)
    }

    @Test(
        "what is being sent or has left cannot be cancelled", arguments: [DeliveryState.sending, .delivered, .uncertain, .bounced])
    func cancellation(state: DeliveryState) {
        #expect(state.step(on: .cancelled) == .unchanged)
    }

    @Test("a delivered message leaves its state by a bounce message only", arguments: DeliveryEvent.all)
    func delivered(event: DeliveryEvent) {
        #expect((DeliveryState.delivered.step(on: event) == .unchanged) == (event != .bounceReceived))
    }
}
