package enum BrokerError: Error, Hashable, CustomStringConvertible {
    /// The AMQP URL cannot be used; the text says why without repeating it.
    case badAddress(String)
    case unreachable(host: String, port: Int, reason: String)
    /// No confirm in time or the connection was lost first. The message may or may not be queued; publishing it again is safe.
    case unconfirmed(String)
    /// The broker took the message and had no queue for it.
    case unroutable(exchange: String, routingKey: String)
    /// The broker will not have it, now or later, in its own words or ours.
    case refused(String)
    /// No answer to a question in time.
    case unanswered(after: Duration)
    case shutDown

    package var description: String {
        switch self {
        case .badAddress(let reason): "The broker's address cannot be used: \(reason). Check WAYBILL_AMQP_URL."
        case .unreachable(let host, let port, let reason):
            "Cannot reach the broker at \(host):\(port) (\(reason)). Check WAYBILL_AMQP_URL and that RabbitMQ is running."
        case .unconfirmed(let reason):
            "The broker did not confirm a message (\(reason)); it may or may not be queued, and publishing it again is safe."
        case .unroutable(let exchange, let key):
            "No queue takes messages with the routing key \(key.debugDescription) from the exchange \(exchange.debugDescription)."
        case .refused(let reason): "The broker refuses: \(reason)."
        case .unanswered(let limit): "No answer came within \(limit). Check that the service that answers is running."
        case .shutDown: "The connection to the broker has been shut down."
        }
    }
}
