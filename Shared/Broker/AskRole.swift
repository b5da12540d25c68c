import Mail

/// A question on its way, and who waits for the answer.
struct Question: Sendable {
    let message: Message
    let queue: String
    let deadline: ContinuousClock.Instant
    let limit: Duration
    let waiter: Waiter<Message>
}

/// Sends questions and matches answers to them. A question that is open when the connection goes is asked again on the next.
final class AskRole: Role {
    enum Command: Sendable {
        case ask(Question)
    }

    private var open: [MessageID: Question] = [:]
    private var waiting = FIFO<MessageID>()
    private var nextDeadline: ContinuousClock.Instant?
    private var answerQueue = ""
    private var isDraining = false

    func open(on session: Session) throws(LinkFailure) {
        answerQueue = try session.declareOwnQueue()
        _ = try session.consume(answerQueue, prefetch: nil)
        _ = waiting.removeAll()
        for id in open.keys { waiting.append(id) }
    }

    func perform(_ command: Command, on session: Session?) throws(LinkFailure) {
        switch command {
        case .ask(let question):
            open[question.message.id] = question
            nextDeadline = min(nextDeadline ?? question.deadline, question.deadline)
            if session != nil { waiting.append(question.message.id) }
        }
        if session == nil { giveUpLate(at: .now) }
    }

    func handle(_ event: Event, on session: Session) throws(LinkFailure) {
        switch event {
        case .delivered(let answer, _, _):
            // One without a question came too late, or again.
            guard let text = answer.correlationID, let id = MessageID(text), let question = open.removeValue(forKey: id) else {
                return
            }
            question.waiter.succeed(answer)
        case .returned(let id, let exchange, let key):
            open.removeValue(forKey: id)?.waiter.fail(BrokerError.unroutable(exchange: exchange, routingKey: key))
        case .consumerCancelled:
            throw .consumerCancelled(queue: answerQueue)
        case .oversized, .blockedChanged:
            return
        case .confirmed, .deliveriesEnded, .counted:
            throw .violation("an answer to a question that was not asked")
        }
    }

    func work(on session: Session, at now: ContinuousClock.Instant) throws(LinkFailure) -> ContinuousClock.Instant? {
        giveUpLate(at: now)
        for _ in 0..<64 {
            guard session.blocked == nil, let id = waiting.popFirst() else { return nextDeadline }
            guard let question = open[id], !question.waiter.isOver else {
                open[id] = nil
                continue
            }
            var message = question.message
            message.replyTo = answerQueue
            try session.publish(message, to: "", routingKey: question.queue, isMandatory: true)
        }
        return now
    }

    private func giveUpLate(at now: ContinuousClock.Instant) {
        guard let next = nextDeadline, next <= now else { return }
        for (id, question) in open where question.deadline <= now || question.waiter.isOver {
            question.waiter.fail(BrokerError.unanswered(after: question.limit))
            open[id] = nil
        }
        nextDeadline = open.values.map(\.deadline).min()
    }

    func lost(_ failure: LinkFailure) { giveUpLate(at: .now) }

    func drain(on session: Session) throws(LinkFailure) {}

    var isDrained: Bool { open.values.allSatisfy(\.waiter.isOver) }

    func end() {
        for question in open.values { question.waiter.fail(BrokerError.shutDown) }
        open = [:]
    }
}
