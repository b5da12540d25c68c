import Broker
import Foundation
import Mail

extension Fact {
    static func pending(_ number: Int) -> Fact { moved(number, by: nil) { .deliveryPending($0) } }

    static func scheduled(_ number: Int, by: String? = nil) -> Fact { moved(number, by: by) { .deliveryScheduled($0) } }

    private static func moved(_ number: Int, by: String?, body: (DeliveryMoved) -> Body) -> Fact {
        Fact(
            id: .derived(from: "fact", "\(number)", by ?? ""), organization: "studio",
            occurredAt: Timestamp(microseconds: 1_790_000_000_000_000 + Int64(number)),
            body: body(
                DeliveryMoved(
                    delivery: .derived(from: "delivery", "\(number)"), mailing: .derived(from: "mailing"), attempt: 1, by: by)))
    }
}

extension Message {
    static func test(_ type: String) -> Message {
        Message(
            id: .derived(from: UUID().uuidString), type: type, app: "test",
            timestamp: Timestamp(microseconds: 1_790_000_000_000_000),
            body: Data("{}".utf8))
    }
}
