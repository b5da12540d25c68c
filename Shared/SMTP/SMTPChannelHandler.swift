import Foundation
import NIOCore
import NIOSSL
import NIOTLS

/// Carries out on a channel what ``SMTPClientMachine`` decides, keeps the time and the transcript.
///
/// Lives on its channel's event loop. At most one caller waits at any time; each is answered exactly once.
final class SMTPChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What a waiting caller is told.
    enum Step: Sendable {
        case open(SMTPCapabilities)
        /// The server awaits the message; it will not be completed before ``complete(_:)``.
        case dotPending
        case settled(SMTPAttempt)
        case closed
    }

    struct TLS: Sendable {
        let context: NIOSSLContext
        /// The server's name, which the certificate must carry, if it is verified.
        let name: String
        let isVerified: Bool
    }

    typealias Continuation = CheckedContinuation<Step, Never>

    private var machine: SMTPClientMachine
    private var parser = SMTPReplyParser()
    private var transcript: SMTPTranscript
    private let timeouts: SMTPTimeouts
    private let tls: TLS
    private var usable: UsableFlag?
    private var hello: ServerHelloHandler?
    private var context: ChannelHandlerContext?
    private var waiting: Continuation?
    private var message = OutgoingMessage()
    private var clock: StageClock?
    private var made = 0
    /// When all up to the final dot has to be done; the stages have their own times besides.
    private var deadline: NIODeadline
    /// Bytes that came and were not read yet: only within one call, or before ``open(usable:_:)``.
    private var pending: ArraySlice<UInt8> = []
    /// An outcome that came while nobody waited: between 354 and the dot.
    private var settled: Step?
    /// Whether the connection is closed or about to be: nothing will happen any more.
    private var isOver = false

    init(machine: SMTPClientMachine, timeouts: SMTPTimeouts, deadline: NIODeadline, tls: TLS, transcript: SMTPTranscript) {
        self.machine = machine
        self.timeouts = timeouts
        self.deadline = deadline
        self.tls = tls
        self.transcript = transcript
    }

    // MARK: - What callers want

    func open(usable: UsableFlag, _ continuation: Continuation) {
        self.usable = usable
        guard claim(continuation) else { return }
        perform(machine.connected())
        drain()
    }

    func begin(_ transaction: SMTPTransaction, _ wire: ByteBuffer, by deadline: NIODeadline, _ continuation: Continuation) {
        guard waiting == nil, machine.isReady else { return continuation.resume(returning: .closed) }
        self.deadline = deadline
        waiting = continuation
        made += 1
        if made > 1 { transcript.append(.note, "message \(made) on this connection") }
        message = OutgoingMessage(wire)
        perform(machine.begin(transaction))
    }

    /// The message may be completed.
    func complete(_ continuation: Continuation) {
        guard claim(continuation) else { return }
        message.isReleased = true
        writeMessage()
    }

    /// The message must not be completed.
    func withhold(_ fault: SMTPFault, _ continuation: Continuation) {
        guard claim(continuation) else { return }
        perform(machine.fail(fault))
    }

    func quit(_ continuation: Continuation) {
        guard claim(continuation) else { return }
        perform(machine.quit())
    }

    func cancel() {
        perform(machine.fail(.cancelled))
    }

    /// Takes the place of the one who waits, unless it is taken or the end has come.
    private func claim(_ continuation: Continuation) -> Bool {
        if waiting == nil, let step = settled {
            settled = nil
            continuation.resume(returning: step)
            return false
        }
        guard waiting == nil, !isOver else {
            continuation.resume(returning: .closed)
            return false
        }
        waiting = continuation
        return true
    }

    private func resume(_ step: Step) {
        guard let continuation = waiting else {
            if case .settled = step { settled = step }
            return
        }
        waiting = nil
        continuation.resume(returning: step)
    }

    // MARK: - What the machine wants

    private func perform(_ action: SMTPClientMachine.Action) {
        switch action {
        case .wait: break
        case .send(let commands): send(commands)
        case .secure: startTLS()
        case .open:
            usable?.set(true)
            resume(.open(machine.capabilities))
        case .takeMessage:
            resume(.dotPending)
            writeMessage()
        case .completeMessage: writeDot()
        case .finish(let outcome, let next): finish(outcome, then: next)
        case .close: close()
        }
        watch()
    }

    private func send(_ commands: [SMTPCommand]) {
        guard let context else { return }
        var buffer = context.channel.allocator.buffer(capacity: commands.reduce(0) { $0 + $1.line.utf8.count + 2 })
        for command in commands {
            transcript.append(.sent, command.description)
            buffer.writeString(command.line)
            buffer.writeStaticString("\r\n")
        }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    private func finish(_ outcome: SMTPOutcome, then next: SMTPClientMachine.Next) {
        switch outcome {
        case .failed(let fault, _, let mayHaveLeft):
            transcript.append(.note, mayHaveLeft ? "\(fault) The message may have left." : fault.description)
        case .unsendable(let obstacle): transcript.append(.note, obstacle.description)
        case .accepted, .refused: break
        }
        if next != .stay { usable?.set(false) }
        message = OutgoingMessage()
        if next == .leave { send([.quit]) }
        resume(.settled(SMTPAttempt(outcome: outcome, transcript: takeTranscript())))
        if next != .stay { close() }
    }

    /// Hands over what was said so far; the next message's starts anew, on the same connection.
    private func takeTranscript() -> SMTPTranscript {
        defer { transcript.removeLines() }
        return transcript
    }

    private func close() {
        isOver = true
        usable?.set(false)
        clock?.stop()
        context?.close(mode: .all, promise: nil)
        resume(.closed)
    }

    // MARK: - The message

    /// Writes as much of the message as may be written now, a piece at a time.
    private func writeMessage() {
        guard machine.stage == .message, !message.isWriting else { return }
        guard let piece = message.nextPiece() else {
            guard message.isReleased else { return }
            // An answer that began before the end of the message cannot be one to it.
            let isAnswering = parser.isInsideReply
            return perform(
                isAnswering
                    ? machine.fail(.protocolViolation("it began to answer before the end of the message")) : machine.complete())
        }
        guard let context else { return }
        let written = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        written.futureResult.whenSuccess {
            bound.value.message.isWriting = false
            bound.value.writeMessage()
            bound.value.watch()
        }
        message.isWriting = true
        context.writeAndFlush(wrapOutboundOut(piece), promise: written)
        watch()
    }

    private func writeDot() {
        guard let context else { return }
        transcript.append(.sent, "<\(Self.grouped(message.size)) bytes>")
        transcript.append(.sent, ".")
        context.writeAndFlush(wrapOutboundOut(message.end()), promise: nil)
    }

    /// `4312` as `4,312`.
    static func grouped(_ number: Int) -> String {
        var digits = Array(String(number))
        var at = digits.count - 3
        while at > 0 {
            digits.insert(",", at: at)
            at -= 3
        }
        return String(digits)
    }

    // MARK: - What the channel brings

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        clock = StageClock(context.eventLoop) { [weak self] wait in
            guard let self else { return }
            perform(machine.fail(.timedOut(after: wait)))
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        let address = context.remoteAddress?.ipAddress ?? tls.name
        let peer = SMTPEndpoint.displayName(name: tls.name, address: address, port: context.remoteAddress?.port ?? 0)
        transcript.peer = peer
        transcript.append(.note, "connected to \(peer)")
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pending += unwrapInboundIn(data).readableBytesView
        // Before anybody asked for the greeting there is nothing to answer to.
        if usable != nil { drain() }
    }

    private func drain() {
        while !pending.isEmpty {
            do {
                guard let reply = try parser.next(&pending) else { break }
                record(reply)
                let moreFollows = !pending.isEmpty
                perform(machine.received(reply, moreFollows: moreFollows))
            } catch {
                pending = []
                perform(machine.fail(error))
            }
        }
        pending = []
    }

    private func record(_ reply: SMTPReply) {
        for (index, line) in reply.lines.enumerated() {
            let isLast = index == reply.lines.count - 1
            let enhanced = reply.enhanced.map { "\($0) " } ?? ""
            transcript.append(.received, "\(reply.code)\(isLast ? " " : "-")\(enhanced)\(line)")
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted? = event as? TLSUserEvent else { return context.fireUserInboundEventTriggered(event) }
        noteTLS(context)
        perform(machine.secured())
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOSSLError.uncleanShutdown: break  // what follows is channelInactive, which says it all
        case let error as IOError: perform(machine.fail(.disconnected("ended the connection (\(Self.reason(error)))")))
        default: perform(machine.fail(.insecure("TLS failed (\(String("\(error)".prefix(300))))")))
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        perform(machine.fail(.disconnected("closed the connection")))
        close()
        context.fireChannelInactive()
    }

    static func reason(_ error: IOError) -> String {
        String(cString: strerror(error.errnoCode))
    }

    // MARK: - TLS

    private func startTLS() {
        guard let context else { return }
        do {
            let pipeline = context.pipeline.syncOperations
            let name = SocketAddress.isAddress(tls.name) ? nil : tls.name
            let hello = ServerHelloHandler()
            self.hello = hello
            try pipeline.addHandler(NIOSSLClientHandler(context: tls.context, serverHostname: name), position: .first)
            try pipeline.addHandler(hello, position: .first)
        } catch {
            perform(machine.fail(.insecure("\(error)")))
        }
    }

    private func noteTLS(_ context: ChannelHandlerContext) {
        do {
            let version = try context.pipeline.syncOperations.nioSSL_tlsVersion()
            transcript.tlsVersion = version.map { $0.name }
        } catch {
            transcript.append(.note, "the TLS version is not known: \(error)")
        }
        transcript.cipher = hello?.cipher
        if let hello { context.pipeline.syncOperations.removeHandler(hello, promise: nil) }
        hello = nil
        let words = [
            transcript.tlsVersion, transcript.cipher, tls.isVerified ? "certificate verified" : "certificate not verified",
        ]
        transcript.append(.note, words.compactMap(\.self).joined(separator: ", "))
    }

    // MARK: - Time

    /// Gives the stage that is waited for its time.
    private func watch() {
        let stage = machine.stage
        // While our own side has to act, the server owes nothing.
        guard let wait = timeouts.wait(for: stage), stage != .message || message.isWriting else { clock?.wait(nil); return }
        switch stage {
        case .dot, .idle, .quit: clock?.wait(wait)
        default: clock?.wait(min(wait, .nanoseconds(max(0, (deadline - .now()).nanoseconds))))
        }
    }
}
